"""The audit: a record of the actions of callers, and of those that were denied.

Frequent, harmless actions (masked look-ups, denials of one key) are counted: the first one is recorded immediately,
those of the next minute together.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from penstock.domain.access.permissions import Caller
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Table

AUDIT_PAGE = 200  # entries per read
UNIQUE_BYTES = 4  # distinguishes entries of the same microsecond
WINDOW_SECONDS = 60.0  # for which frequent actions are counted together
MAX_WINDOWS = 10_000  # at the same time; when there are more, all are recorded


class Outcome(StrEnum):
    ALLOWED = "allowed"  # recorded before the effect
    DENIED = "denied"  # the caller lacks the permission
    FAILED = "failed"  # refused or not possible; `code` is the reason


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One action, or `count` of them. `request_id` is the upload request; `details` contain no customer's value."""

    at_us: int
    who: str
    action: str
    outcome: Outcome
    key_id: str | None = None
    remote_address: str | None = None
    request_id: str | None = None
    code: str | None = None
    count: int = 1
    details: dict[str, str] = {}


class _Counted(NamedTuple):
    """A kind of action of one caller."""

    caller: Caller
    action: str
    outcome: Outcome


class _Window(NamedTuple):
    """The number of further actions since `began`, by the monotonic clock."""

    began: float
    more: int


class Audit:
    """The audit of all tenants. An entry is durable when `record` returns. Raises `Unavailable`."""

    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._windows: dict[_Counted, _Window] = {}
        self._lock = threading.Lock()

    def record(
        self,
        caller: Caller,
        action: str,
        outcome: Outcome = Outcome.ALLOWED,
        *,
        request_id: str | None = None,
        code: str | None = None,
        count: int = 1,
        details: Mapping[str, str] | None = None,
    ) -> None:
        entry = AuditEntry(
            at_us=self._clock.now_us(),
            who=caller.name,
            action=action,
            outcome=outcome,
            key_id=caller.key_id,
            remote_address=caller.remote_address,
            request_id=request_id,
            code=code,
            count=count,
            details=dict(details or {}),
        )
        sort = f"{entry.at_us:020d}-{secrets.token_hex(UNIQUE_BYTES)}"
        self._store.put(Table.AUDIT, caller.tenant_id, _day(entry.at_us), sort, msgspec.json.encode(entry))

    def count(self, caller: Caller, action: str, outcome: Outcome = Outcome.ALLOWED) -> None:
        """Record a frequent action: immediately if it is the first in `WINDOW_SECONDS`, otherwise with its window."""
        kind, now = _Counted(caller, action, outcome), self._clock.monotonic()
        with self._lock:
            window = self._windows.get(kind)
            if window is not None and now - window.began < WINDOW_SECONDS:
                self._windows[kind] = window._replace(more=window.more + 1)
                return
            ended = self._ended(now)
            self._windows[kind] = _Window(now, 0)
        self._record_counted(ended)
        self.record(caller, action, outcome)

    def flush(self) -> None:
        """Record all counted actions that are not recorded yet."""
        with self._lock:
            ended, self._windows = self._windows, {}
        self._record_counted(ended)

    def read(
        self, tenant_id: str, *, day: str | None = None, before: str = "", limit: int = AUDIT_PAGE
    ) -> list[tuple[str, AuditEntry]]:
        """Up to `limit` entries of a day (UTC, YYYY-MM-DD; today by default), newest first, each with its cursor.

        `before` is the cursor of the last entry read.
        """
        partition = day or _day(self._clock.now_us())
        records = self._store.scan(Table.AUDIT, tenant_id, partition, after=before, limit=limit, newest_first=True)
        return [(record.sort, msgspec.json.decode(record.body, type=AuditEntry)) for record in records]

    def _ended(self, now: float) -> dict[_Counted, _Window]:
        """Remove and return the windows that have ended; all of them when there are too many."""
        full = len(self._windows) >= MAX_WINDOWS
        ended = {kind: each for kind, each in self._windows.items() if full or now - each.began >= WINDOW_SECONDS}
        for kind in ended:
            del self._windows[kind]
        return ended

    def _record_counted(self, windows: dict[_Counted, _Window]) -> None:
        for kind, window in windows.items():
            if window.more:
                self.record(*kind, count=window.more)


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()
