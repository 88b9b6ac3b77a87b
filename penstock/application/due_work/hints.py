"""Hints: that a tenant may have something new to do. They belong to the installation, not to a tenant.

A hint is put before what it announces, so that a writer that dies leaves a hint too many, and none too few. It says
only when: the records of the tenant are the truth. Hints lie by shard and by hour of their writers' clocks, one for
each tenant, so that a reader reads a few small partitions however many tenants are idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from penstock.application.scanning import PAGE, scan_all
from penstock.domain.dispatching.owners import SHARDS, shard_of_tenant
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Put, Table

INSTALLATION = ""  # in place of a tenant
HOURS = "hours"  # the partition of the hours that have hints
HOUR_US = 3_600_000_000
READ_HOURS = 2  # past ones that are read now and then: more than clocks differ and a call takes
KEPT_US = (READ_HOURS + 2) * HOUR_US  # longer than any is read


class Hint(msgspec.Struct, frozen=True):
    at_us: int


class Hints:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._noted_hour = ""

    def put(self, tenant_id: str) -> None:
        """Call before the records are stored that need a visit. Raises `Unavailable`."""
        now_us = self._clock.now_us()
        hour = hour_of(now_us)
        hint = Put(
            Table.DUE_WORK,
            _partition(shard_of_tenant(tenant_id), hour),
            tenant_id,
            msgspec.json.encode(Hint(now_us)),
        )
        note = () if hour == self._noted_hour else (Put(Table.DUE_WORK, HOURS, hour, b"{}"),)
        self._store.put_each(INSTALLATION, [*note, hint])
        self._noted_hour = hour

    def read(self, shard: int, hour: str) -> Iterator[tuple[str, int]]:
        """The tenants with a hint of this hour, each with its time. Raises `Unavailable`, `Corrupt`."""
        for record in scan_all(self._store, Table.DUE_WORK, INSTALLATION, _partition(shard, hour)):
            yield record.sort, msgspec.json.decode(record.body, type=Hint).at_us

    def sweep(self) -> int:
        """Delete the hints that nobody reads any more, by whole hours; returns their number. Raises `Unavailable`."""
        deleted, oldest = 0, hour_of(self._clock.now_us() - KEPT_US)
        for note in list(scan_all(self._store, Table.DUE_WORK, INSTALLATION, HOURS)):
            if note.sort < oldest:
                deleted += sum(self._delete(_partition(shard, note.sort)) for shard in range(SHARDS))
                self._store.delete(Table.DUE_WORK, INSTALLATION, HOURS, note.sort)
        return deleted

    def _delete(self, partition: str) -> int:
        deleted, after = 0, ""
        while page := self._store.scan(Table.DUE_WORK, INSTALLATION, partition, after=after, limit=PAGE):
            after = page[-1].sort
            self._store.delete_each(Table.DUE_WORK, INSTALLATION, partition, [record.sort for record in page])
            deleted += len(page)
        return deleted


def hour_of(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%dT%H}"


def _partition(shard: int, hour: str) -> str:
    return f"{shard:02}/{hour}"
