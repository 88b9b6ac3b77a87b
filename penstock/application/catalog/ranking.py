"""A tenant's ranking of identifiers, as it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.revisions import check_revision
from penstock.domain.catalog.ranking import Ranking, reordered, with_used
from penstock.domain.errors import Conflict
from penstock.domain.mapping.attributes import Attribute
from penstock.ports.control_store import ControlStore, Table


class IdentifierRanking:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def read(self, tenant_id: str) -> Ranking:
        record = self._store.get(Table.IDENTIFIER_RANKINGS, tenant_id, "")
        return Ranking() if record is None else msgspec.json.decode(record.body, type=Ranking)

    def reorder(self, tenant_id: str, names: Sequence[str], *, revision: int | None = None) -> Ranking:
        """Set the order, of names of existing attributes. Raises `Refused` when identifiers in use would change."""

        def change(ranking: Ranking) -> Ranking:
            check_revision(ranking.revision, revision)
            return reordered(ranking, names)

        return self._changed(tenant_id, change)

    def use(self, tenant_id: str, identifiers: Sequence[Attribute]) -> tuple[str, ...]:
        """The names of the identifiers of a mapping by rank; from now on, they keep their order."""
        ranking = self._changed(tenant_id, lambda ranking: with_used(ranking, identifiers))
        return ranking.ranked([each.name for each in identifiers])

    def _changed(self, tenant_id: str, change: Callable[[Ranking], Ranking]) -> Ranking:
        while True:
            record = self._store.get(Table.IDENTIFIER_RANKINGS, tenant_id, "")
            current = Ranking() if record is None else msgspec.json.decode(record.body, type=Ranking)
            requested = change(current)
            if requested == current:
                return current
            stored = replace(requested, revision=current.revision + 1)
            body = msgspec.json.encode(stored)
            try:
                if record is None:
                    self._store.create(Table.IDENTIFIER_RANKINGS, tenant_id, "", "", body)
                else:
                    self._store.replace(record, body)
            except Conflict:
                continue  # changed concurrently: decide again
            return stored
