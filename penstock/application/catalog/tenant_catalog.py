"""One tenant's catalog, with the interface that checks of uploads need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.application.catalog.catalog import Catalog
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping


class TenantCatalog:
    def __init__(self, catalog: Catalog, tenant_id: str) -> None:
        self._catalog, self._tenant_id = catalog, tenant_id

    def find_source(self, name: str) -> DataSource | None:
        return self._catalog.data_sources.find(self._tenant_id, name)

    def source_names(self) -> Iterable[str]:
        return [source.name for source in self._catalog.data_sources.all(self._tenant_id)]

    def attributes(self) -> dict[str, Attribute]:
        return self._catalog.attributes(self._tenant_id)

    def attributes_named(self, names: Iterable[str]) -> dict[str, Attribute]:
        return self._catalog.attributes_named(self._tenant_id, names)

    def mapping(self, source: str) -> Mapping:
        return self._catalog.mapping(self._tenant_id, source)

    def find_mapping(self, source: str) -> Mapping | None:
        current = self._catalog.versions.current(self._tenant_id, source)
        return None if current is None else current.mapping

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        self._catalog.check_new_attributes(self._tenant_id, attributes)
