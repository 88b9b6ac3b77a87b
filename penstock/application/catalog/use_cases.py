"""Use cases for the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.access.audit import Audit
from penstock.application.catalog.catalog import Catalog, DataSource
from penstock.application.catalog.column_specs import ColumnSpec, custom_attribute
from penstock.application.catalog.known_catalog import check_source, resolve_mapping
from penstock.application.catalog.tenant_catalog import TenantCatalog
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import Fault, collecting, refuse_all
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping


class MappingInUse(NamedTuple):
    """A saved mapping with the attributes of its columns; `created` are those just created for it."""

    mapping: Mapping
    attributes: Sequence[Attribute]
    created: Sequence[Attribute] = ()


class CatalogUseCases(UseCases):
    def __init__(self, audit: Audit, catalog: Catalog) -> None:
        super().__init__(audit)
        self._catalog = catalog

    @use_case(Permission.READ_CATALOG, "data_source.list", Audited.DENIED_ONLY)
    def sources(self, caller: Caller, *, after: str = "", limit: int = MAX_PAGE) -> list[DataSource]:
        """Up to `limit` data sources whose names come after `after`, by name."""
        return self._catalog.sources_page(caller.tenant_id, after=after, limit=limit)

    @use_case(Permission.READ_CATALOG, "data_source.list", Audited.DENIED_ONLY)
    def all_sources(self, caller: Caller) -> list[DataSource]:
        return self._catalog.sources(caller.tenant_id)

    @use_case(Permission.EDIT_CATALOG, "data_source.create", details=("name",))
    def create_source(self, caller: Caller, name: str, display_name: str = "") -> DataSource:
        """Return the data source `name`; create it if it does not exist. Raises `Refused`."""
        return self._catalog.create_source(caller.tenant_id, name, display_name)

    @use_case(Permission.READ_CATALOG, "attribute.list", Audited.DENIED_ONLY)
    def attributes(self, caller: Caller, *, after: str = "", limit: int = MAX_PAGE) -> list[Attribute]:
        """Up to `limit` attributes, built in and custom, whose names come after `after`, by name."""
        return self._catalog.attributes_page(caller.tenant_id, after=after, limit=limit)

    @use_case(Permission.READ_CATALOG, "attribute.list", Audited.DENIED_ONLY)
    def all_attributes(self, caller: Caller) -> list[Attribute]:
        return list(self._catalog.attributes(caller.tenant_id).values())

    @use_case(Permission.EDIT_CATALOG, "attribute.create", details=("name", "format", "pii"))
    def create_attribute(
        self, caller: Caller, name: str, *, format: str, pii: bool, display_name: str = ""
    ) -> Attribute:
        """Create a custom attribute, or return the existing one. Raises `Refused`."""
        attribute = custom_attribute(name, display_name=display_name, format=format, pii=pii)
        return self._catalog.create_attribute(caller.tenant_id, attribute)

    @use_case(Permission.READ_CATALOG, "mapping.read", Audited.DENIED_ONLY)
    def mapping(self, caller: Caller, source: str) -> MappingInUse:
        """The current mapping of a data source. Raises `NotFound`, `Refused` (unknown_data_source)."""
        check_source(TenantCatalog(self._catalog, caller.tenant_id), source, create=False)
        mapping = self._catalog.mapping(caller.tenant_id, source)
        return MappingInUse(mapping, self._catalog.attributes_of(caller.tenant_id, mapping))

    @use_case(Permission.EDIT_CATALOG, "mapping.save", details=("source",))
    def save_mapping(
        self, caller: Caller, source: str, columns: Sequence[ColumnSpec], *, create_source: bool = False
    ) -> MappingInUse:
        """Save the mapping of a data source, with the attributes that it needs.

        Raises `Refused` with every fault; then nothing is saved. With `create_source` the source may be new.
        """
        tenant_id, catalog = caller.tenant_id, TenantCatalog(self._catalog, caller.tenant_id)
        faults: list[Fault] = []
        with collecting(faults):
            check_source(catalog, source, create=create_source)
        with collecting(faults):
            resolved = resolve_mapping(source, columns, catalog)
        refuse_all(faults)
        mapping = self._catalog.save_resolved(tenant_id, resolved, create_source=create_source)
        return MappingInUse(mapping, self._catalog.attributes_of(tenant_id, mapping), resolved.missing)
