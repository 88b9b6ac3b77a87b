"""Records that are of no use after some time: noted by the day of their end, and deleted by a sweep on a later day.

A record's note is stored before it, so that each record has one. A note names the body of its record: one that was
renewed meanwhile has a later note.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b

import structlog

from penstock.application.scanning import PAGE, scan_all
from penstock.application.tenant_faults import for_each_tenant
from penstock.domain.errors import Conflict
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Put, Record, Table

DAYS = "days"  # the partition of the days that have notes

log = structlog.get_logger(__name__)


class Expiries:
    """Notes for records without a sort key."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def note(self, table: Table, tenant_id: str, partition: str, body: bytes, until_us: int) -> None:
        """Call before the record is stored."""
        day = _day(until_us)
        note = Put(Table.EXPIRIES, day, f"{table}/{partition}/{_digest(body)}", b"{}")
        self._store.put_each(tenant_id, [Put(Table.EXPIRIES, DAYS, day, b"{}"), note])


class ExpirySweeper:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def sweep(self) -> int:
        """Sweep the records of every tenant once; returns the number of those deleted. Raises `Unavailable` at the end;
        the next sweep then continues."""
        return sum(for_each_tenant("expiries", self._store.tenants(), self._sweep_tenant))

    def _sweep_tenant(self, tenant_id: str) -> int:
        today = _day(self._clock.now_us())
        days = [record.sort for record in scan_all(self._store, Table.EXPIRIES, tenant_id, DAYS)]
        return sum(self._sweep_day(tenant_id, day) for day in days if day < today)

    def _sweep_day(self, tenant_id: str, day: str) -> int:
        """Nobody adds notes to a day that has passed, so one without notes can be forgotten."""
        deleted = left = 0
        for page in self._pages(tenant_id, day):
            done: list[str] = []
            for note in page:
                try:
                    deleted += self._delete(tenant_id, note)
                    done.append(note)
                except ValueError as error:  # this one stays, the others do not
                    log.warning("expiry.not_swept", tenant=tenant_id, day=day, error=type(error).__name__)
            left += len(page) - len(done)
            self._store.delete_each(Table.EXPIRIES, tenant_id, day, done)
        if not left:
            self._store.delete(Table.EXPIRIES, tenant_id, DAYS, day)
        return deleted

    def _pages(self, tenant_id: str, day: str) -> Iterator[list[str]]:
        after = ""
        while page := self._store.scan(Table.EXPIRIES, tenant_id, day, after=after, limit=PAGE):
            yield [record.sort for record in page]
            after = page[-1].sort

    def _delete(self, tenant_id: str, note: str) -> bool:
        """Whether the noted record was there, unchanged. Raises `ValueError` for a note that cannot be read."""
        table, partition, digest = note.split("/")
        record = self._store.get(Table(table), tenant_id, partition)
        if record is None or _digest(record.body) != digest:
            return False
        return self._deleted(record)

    def _deleted(self, record: Record) -> bool:
        with suppress(Conflict):  # it was renewed at this moment
            self._store.delete_unchanged(record)
            return True
        return False


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=12).hexdigest()
