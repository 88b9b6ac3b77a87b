"""A tenant's epochs, as they are stored: one record each, made by the first request that is accepted in it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict
from penstock.domain.profiles.epochs import Epoch, epoch_number
from penstock.ports.control_store import ControlStore, Record, Table

CACHED_EPOCHS = 10_000  # of all tenants
DIGITS = 10  # so that they sort


class _Layout(msgspec.Struct, frozen=True):
    bits: int


class Epochs:
    """`bits` are those of new epochs."""

    def __init__(self, store: ControlStore, *, bits: int) -> None:
        self._store, self._bits = store, bits
        self._known = lru_cache(CACHED_EPOCHS)(self._stored)

    def of(self, tenant_id: str, accepted_at_us: int) -> Epoch:
        """The epoch of a request that is being accepted. Call it before the request has an effect: from then on,
        readers look there."""
        return self._known(tenant_id, epoch_number(accepted_at_us))

    def all(self, tenant_id: str) -> list[Epoch]:
        """Every epoch with requests, the oldest first."""
        return [_epoch(record) for record in scan_all(self._store, Table.EPOCHS, tenant_id)]

    def _stored(self, tenant_id: str, number: int) -> Epoch:
        """The stored epoch; the first writer decides."""
        key = f"{number:0{DIGITS}}"
        while True:
            record = self._store.get(Table.EPOCHS, tenant_id, "", key)
            if record is not None:
                return _epoch(record)
            try:
                self._store.create(Table.EPOCHS, tenant_id, "", key, msgspec.json.encode(_Layout(self._bits)))
            except Conflict:
                continue


def _epoch(record: Record) -> Epoch:
    return Epoch(int(record.sort), msgspec.json.decode(record.body, type=_Layout).bits)
