"""Which attributes the mappings of each data source have ever fed, as they are stored: one record per data source."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict
from penstock.ports.control_store import ControlStore, Table


class AttributeUses:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def add(self, tenant_id: str, source: str, attributes: Iterable[str]) -> None:
        """Record that a mapping of `source` feeds these attributes. Call it before the mapping is saved."""
        while True:
            record = self._store.get(Table.ATTRIBUTE_USES, tenant_id, "", source)
            known = set() if record is None else set(msgspec.json.decode(record.body, type=list[str]))
            used = known.union(attributes)
            if used == known:
                return
            body = msgspec.json.encode(sorted(used))
            try:
                if record is None:
                    self._store.create(Table.ATTRIBUTE_USES, tenant_id, "", source, body)
                else:
                    self._store.replace(record, body)
            except Conflict:
                continue  # changed concurrently: add to that
            return

    def sources(self, tenant_id: str, attribute: str) -> list[str]:
        """The data sources whose mappings have fed `attribute`, by name."""
        records = scan_all(self._store, Table.ATTRIBUTE_USES, tenant_id)
        return [each.sort for each in records if attribute in msgspec.json.decode(each.body, type=list[str])]
