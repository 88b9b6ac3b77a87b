"""The ids of requests, in the order of acceptance."""

from __future__ import annotations

import secrets

from penstock.domain.errors import Conflict
from penstock.domain.requests.ids import request_id
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table


class RequestClock:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def next_id(self, tenant_id: str) -> tuple[str, int]:
        """A new id, greater than all earlier ones of this tenant, and its time in microseconds, which also increases.

        The last time used is stored in its own record, so no clock difference between nodes and no clock jump can
        create an id that sorts before an older request.
        """
        while True:
            record = self._store.get(Table.CLOCKS, tenant_id, "requests")
            last_us = 0 if record is None else int(record.body)
            at_us = max(self._clock.now_us(), last_us + 1)
            try:
                self._write(record, tenant_id, at_us)
            except Conflict:
                continue  # another request was accepted: use a later time
            return request_id(at_us, secrets.token_bytes(8)), at_us

    def _write(self, record: Record | None, tenant_id: str, at_us: int) -> None:
        if record is None:
            self._store.create(Table.CLOCKS, tenant_id, "requests", "", b"%d" % at_us)
        else:
            self._store.replace(record, b"%d" % at_us)
