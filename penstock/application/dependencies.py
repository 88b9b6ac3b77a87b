"""What a service needs and whether that is available: one line in the log when it changes, however many tries fail.

Several reporters may say so of one dependency (a consumer, a probe); it is available again once all of them say so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from penstock.domain.errors import Unavailable

OTHER = "other"  # an outage of what has no name

Outages = Mapping[str, str]  # by dependency: what is wrong, where, and how to fix it

log = structlog.get_logger(__name__)


def outage(error: Unavailable) -> dict[str, str]:
    """What `error` says of the dependencies."""
    return {error.dependency or OTHER: str(error)}


class _Away(NamedTuple):
    message: str
    since: float  # by the monotonic clock


class Dependencies:
    """Any thread may report and ask. `known` are those that the metric shows before anything is wrong with them;
    `changed`, if given, is called with all outages in place of a line in the log."""

    def __init__(self, *, changed: Callable[[Outages], None] | None = None) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._reports: dict[str, Outages] = {}
        self._away: dict[str, _Away] = {}

    def expect(self, dependency: str) -> None:
        """Show `dependency` as available until somebody reports otherwise."""
        with self._lock:
            self._known.add(dependency)

    def report(self, reporter: str, outages: Outages) -> None:
        """All that is unavailable as `reporter` sees it now, in place of what it reported before."""
        with self._lock:
            if self._reports.get(reporter, {}) == outages:
                return
            self._reports[reporter] = dict(outages)
            self._update()

    def outages(self) -> dict[str, str]:
        with self._lock:
            return {dependency: away.message for dependency, away in self._away.items()}

    def problems(self) -> list[str]:
        """What is unavailable, in sentences; nothing when all is well."""
        return list(self.outages().values())

    def states(self) -> dict[str, bool]:
        """Whether each known dependency is available."""
        with self._lock:
            return {dependency: dependency not in self._away for dependency in sorted(self._known)}

    def _update(self) -> None:
        present: dict[str, str] = {}
        for outages in self._reports.values():
            present = {**outages, **present}  # the first reporter's words stay
        now = time.monotonic()
        self._known.update(present)
        before, self._away = (
            self._away,
            {dependency: self._away.get(dependency) or _Away(message, now) for dependency, message in present.items()},
        )
        if before.keys() == self._away.keys():
            return
        if self._changed is not None:
            self._changed(present)
            return
        for dependency in self._away.keys() - before.keys():
            log.warning("dependency.unavailable", dependency=dependency, error=self._away[dependency].message)
        for dependency in before.keys() - self._away.keys():
            seconds = round(now - before[dependency].since, 1)
            log.info("dependency.available", dependency=dependency, seconds=seconds)
