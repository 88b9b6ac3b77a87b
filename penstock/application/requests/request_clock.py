"""The ids of requests, in the order of acceptance."""

from __future__ import annotations

import secrets

from penstock.domain.requests.ids import request_id
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Table


class RequestClock:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def next_id(self, tenant_id: str) -> tuple[str, int]:
        """A new id, greater than those of all requests of this tenant that were accepted before this call, and its time
        in microseconds.

        The last time used is stored in its own record, so no clock difference between nodes and no clock jump can
        create an id that sorts before an older request. Of two calls at once, either may sort first.
        """
        record = self._store.get(Table.CLOCKS, tenant_id, "requests")
        at_us = max(self._clock.now_us(), 0 if record is None else int(record.body) + 1)
        self._store.put_ranked(Table.CLOCKS, tenant_id, "requests", "", at_us, b"%d" % at_us)
        return request_id(at_us, secrets.token_bytes(8)), at_us
