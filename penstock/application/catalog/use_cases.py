"""Use cases for the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.access.audit import Audit
from penstock.application.catalog.catalog import Catalog, DataSource
from penstock.application.catalog.column_specs import ColumnSpec, column_specs, custom_attribute
from penstock.application.catalog.known_catalog import check_source, resolve_mapping
from penstock.application.catalog.mapping_changes import MappingChanges, mapping_changes
from penstock.application.catalog.mapping_versions import ListedVersion, Origin
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
    def mapping(self, caller: Caller, source: str, version: int | None = None) -> MappingInUse:
        """The current mapping of a data source, or `version`. Raises `NotFound`, `Refused` (unknown_data_source)."""
        self._check_source(caller, source)
        return self._in_use(caller, self._catalog.mapping(caller.tenant_id, source, version))

    @use_case(Permission.READ_CATALOG, "mapping.list", Audited.DENIED_ONLY)
    def mapping_versions(self, caller: Caller, source: str) -> list[ListedVersion]:
        """The kept versions of a data source's mapping, newest first. Raises `Refused` (unknown_data_source)."""
        self._check_source(caller, source)
        return self._catalog.versions.all(caller.tenant_id, source)

    @use_case(Permission.READ_CATALOG, "mapping.compare", Audited.DENIED_ONLY)
    def mapping_changes(self, caller: Caller, source: str, version: int, base: int | None = None) -> MappingChanges:
        """What `version` changes of `base`, or of the kept version before it. Raises `NotFound`, `Refused`."""
        self._check_source(caller, source)
        if base is None:
            base = self._catalog.versions.before(caller.tenant_id, source, version)
        before, after = (self._specs(caller, source, each) for each in (base, version))
        return mapping_changes(base, before, version, after)

    @use_case(Permission.EDIT_CATALOG, "mapping.save", details=("source",))
    def save_mapping(
        self,
        caller: Caller,
        source: str,
        columns: Sequence[ColumnSpec],
        *,
        create_source: bool = False,
        base: int | None = None,
    ) -> MappingInUse:
        """Save the mapping of a data source, with the attributes that it needs; it is the current one at once.

        Raises `Refused` with every fault, or precondition_failed when the current version is not `base`; then no
        mapping is saved. With `create_source` the source may be new.
        """
        tenant_id, catalog = caller.tenant_id, TenantCatalog(self._catalog, caller.tenant_id)
        faults: list[Fault] = []
        with collecting(faults):
            check_source(catalog, source, create=create_source)
        with collecting(faults):
            resolved = resolve_mapping(source, columns, catalog)
        refuse_all(faults)
        self._catalog.versions.check_base(tenant_id, source, base)
        self._catalog.create_missing(tenant_id, resolved, create_source=create_source)
        mapping = self._catalog.save_mapping(
            tenant_id, source, resolved.mapping.columns, Origin(caller.name), base=base
        )
        return self._in_use(caller, mapping)._replace(created=resolved.missing)

    @use_case(Permission.EDIT_CATALOG, "mapping.restore", details=("source", "version"))
    def restore_mapping(self, caller: Caller, source: str, version: int, *, base: int | None = None) -> MappingInUse:
        """Save the columns of an earlier version again, as the newest version and the current one.

        Raises `NotFound`, and `Refused` as `save_mapping` does.
        """
        self._check_source(caller, source)
        earlier = self._catalog.mapping(caller.tenant_id, source, version)
        origin = Origin(caller.name, restored_from=version)
        return self._in_use(
            caller, self._catalog.save_mapping(caller.tenant_id, source, earlier.columns, origin, base=base)
        )

    def _check_source(self, caller: Caller, source: str) -> None:
        check_source(TenantCatalog(self._catalog, caller.tenant_id), source, create=False)

    def _in_use(self, caller: Caller, mapping: Mapping) -> MappingInUse:
        return MappingInUse(mapping, self._catalog.attributes_of(caller.tenant_id, mapping))

    def _specs(self, caller: Caller, source: str, version: int) -> list[ColumnSpec]:
        mapping = self._catalog.mapping(caller.tenant_id, source, version)
        return column_specs(mapping.columns, self._catalog.attributes_of(caller.tenant_id, mapping))
