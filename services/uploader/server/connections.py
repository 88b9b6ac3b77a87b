"""How many connections may be open, and which one is closed when there are too many.

Beside the API other parts need files and sockets, so that the limit stays below that of the process.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Protocol

from penstock.domain.errors import refusal

BACKLOG = 512  # connections that wait to be taken; asyncio takes up to as many at once, before any is counted
MAX_CONNECTIONS = 1_024
RESERVED_FILES = BACKLOG + 256  # files and sockets that stay free for the other parts of the process
MIN_OPEN_FILES = 1_024
MAX_OPEN_FILES = 65_536  # the target if the system sets no limit


class Connection(Protocol):
    def drop(self) -> None:
        """Close at once, without an answer."""


class Connections:
    """The open connections of one server, up to `limit`. For its event loop only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait

    def admit(self, connection: Connection) -> bool:
        """Count `connection` among the open ones; False when there are too many, and all of them are at work."""
        if len(self._open) >= self._limit and not self._drop_longest_waiting():
            return False
        self._open.add(connection)
        return True

    def waits(self, connection: Connection) -> None:
        """No request is under way on it; a connection that waits already keeps its place."""
        if connection in self._open:
            self._waiting.setdefault(connection)

    def works(self, connection: Connection) -> None:
        """A request is under way on it: it is not closed for another."""
        self._waiting.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def _drop_longest_waiting(self) -> bool:
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        self.leave(longest)
        longest.drop()
        return True


def allowed_connections() -> int:
    """How many connections this process can hold and still work. Raises its limit of open files as far as it may.

    Raises `Refused` (too_few_open_files).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < target:
        with suppress(ValueError, OSError):  # some systems allow less than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    return connections_of(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def connections_of(open_files: int) -> int:
    """The limit of connections where a process may have `open_files`. Raises `Refused` (too_few_open_files)."""
    if open_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    if open_files < MIN_OPEN_FILES:
        raise refusal(
            "too_few_open_files",
            f"the process may open {open_files:,} files, and the API needs {MIN_OPEN_FILES:,}",
            f"Raise the limit, of this shell with: ulimit -n {MIN_OPEN_FILES}",
        )
    return min(MAX_CONNECTIONS, open_files - RESERVED_FILES)
