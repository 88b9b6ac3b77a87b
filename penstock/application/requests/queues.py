"""The queues of the tenants, which dispatchers store every few seconds and readers of a request look at."""

from __future__ import annotations

import msgspec

from penstock.domain.dispatching.queue import Queue
from penstock.ports.control_store import ControlStore, Table


class Queues:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def store(self, tenant_id: str, queue: Queue) -> None:
        self._store.put(Table.QUEUES, tenant_id, "", "", msgspec.json.encode(queue))

    def of(self, tenant_id: str) -> Queue | None:
        """The queue of a tenant as last stored; None if none of its requests has ever waited."""
        record = self._store.get(Table.QUEUES, tenant_id, "")
        return None if record is None else msgspec.json.decode(record.body, type=Queue)
