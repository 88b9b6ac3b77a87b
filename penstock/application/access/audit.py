"""The audit: a record of what callers did, and of what they were denied.

What is frequent and harmless (masked look-ups, refusals of one key) is counted: the first is recorded at once, those of
the next minute together.
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
UNIQUE_BYTES = 4  # tells entries of one microsecond apart
WINDOW_SECONDS = 60.0  # for which frequent actions are counted
MAX_WINDOWS = 10_000  # at once; one more, and all are recorded


class Outcome(StrEnum):
    ALLOWED = "allowed"  # recorded before the effect
    DENIED = "denied"  # the caller lacks the permission
    FAILED = "failed"  # it was refused or could not be done: `code` says why


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One action, or `count` of them. `request_id` is the upload request; `details` never hold a customer's value."""

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
    """How many more of them came since `began`, by the monotonic clock."""

    began: float
    more: int


class Audit:
    """Of every tenant. An entry is durable when `record` returns. Raises `Unavailable`."""

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
        self._store.create(Table.AUDIT, caller.tenant_id, _day(entry.at_us), sort, msgspec.json.encode(entry))

    def count(self, caller: Caller, action: str, outcome: Outcome = Outcome.ALLOWED) -> None:
        """Record one of many: at once when it is the first in `WINDOW_SECONDS`, otherwise with those of its window."""
        kind, now = _Counted(caller, action, outcome), self._clock.monotonic()
        with self._lock:
            window = self._windows.get(kind)
            if window is not None and now - window.began < WINDOW_SECONDS:
                self._windows[kind] = window._replace(more=window.more + 1)
                return
            over = self._ended(now)
            self._windows[kind] = _Window(now, 0)
        self._record_counted(over)
        self.record(caller, action, outcome)

    def flush(self) -> None:
        """Record what was counted and is not recorded yet."""
        with self._lock:
            over, self._windows = self._windows, {}
        self._record_counted(over)

    def read(
        self, tenant_id: str, *, day: str | None = None, before: str = "", limit: int = AUDIT_PAGE
    ) -> list[tuple[str, AuditEntry]]:
        """Up to `limit` entries of a day (UTC, YYYY-MM-DD; today by default), the newest first, each with its place.

        `before` is the place of the last entry that was read.
        """
        partition = day or _day(self._clock.now_us())
        records = self._store.scan(Table.AUDIT, tenant_id, partition, after=before, limit=limit, newest_first=True)
        return [(record.sort, msgspec.json.decode(record.body, type=AuditEntry)) for record in records]

    def _ended(self, now: float) -> dict[_Counted, _Window]:
        """The windows that are over, taken out; all of them when there are too many."""
        full = len(self._windows) >= MAX_WINDOWS
        over = {kind: each for kind, each in self._windows.items() if full or now - each.began >= WINDOW_SECONDS}
        for kind in over:
            del self._windows[kind]
        return over

    def _record_counted(self, windows: dict[_Counted, _Window]) -> None:
        for kind, window in windows.items():
            if window.more:
                self.record(*kind, count=window.more)


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()
