"""The identifiers that people can be found by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from penstock.application.catalog.catalog import Catalog
from penstock.domain.mapping.mapping import ColumnMapping


def is_used(catalog: Catalog, tenant_id: str, name: str) -> bool:
    """Whether people can be found by `name` now. Reads the mappings of the sources up to the first that says so."""
    return any(column.attribute == name for column in _columns(catalog, tenant_id))


def used_identifiers(catalog: Catalog, tenant_id: str) -> Mapping[str, Sequence[ColumnMapping]]:
    """By rank, the identifiers of the mappings of what counts, with the columns that feed each. The ranking does not
    know them: what comes before a used one is fixed as well, and so is what only undone requests have used."""
    found: dict[str, list[ColumnMapping]] = {}
    for column in _columns(catalog, tenant_id):
        found.setdefault(column.attribute, []).append(column)
    order = {name: rank for rank, name in enumerate(catalog.ranking.read(tenant_id).identifiers)}
    return {name: found[name] for name in sorted(found, key=lambda name: order.get(name, len(order)))}


def _columns(catalog: Catalog, tenant_id: str) -> Iterator[ColumnMapping]:
    """The columns of identifiers."""
    for source in catalog.data_sources.all(tenant_id):
        current = catalog.versions.current(tenant_id, source.name) if source.used else None
        yield from (column for column in (current.mapping.columns if current else ()) if column.identifier)
