"""Use cases for the catalog."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as MappingOf
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.access.audit import Audit
from penstock.application.catalog.attribute_edits import AttributeEdits, SourceUse
from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.changing_attributes import until_unchanged
from penstock.application.catalog.column_specs import ColumnSpec, column_specs
from penstock.application.catalog.known_catalog import check_source, resolve_mapping
from penstock.application.catalog.mapping_changes import MappingChanges, mapping_changes
from penstock.application.catalog.mapping_versions import ListedVersion, Origin
from penstock.application.catalog.tenant_catalog import TenantCatalog
from penstock.application.catalog.used_identifiers import used_identifiers
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.catalog.attribute_changes import AttributeChange, new_attribute
from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.catalog.ranking import Ranking
from penstock.domain.errors import Fault, collecting, refuse_all
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.mapping import ColumnMapping, Mapping


class MappingInUse(NamedTuple):
    """A saved mapping with the attributes of its columns; `created` are those just created for it."""

    mapping: Mapping
    attributes: Sequence[Attribute]
    created: Sequence[Attribute] = ()


class AttributeInUse(NamedTuple):
    """An attribute, its rank among the tenant's identifiers, counted from 1, and the mappings that feed it."""

    attribute: Attribute
    rank: int | None
    used_by: Sequence[SourceUse]


class CatalogUseCases(UseCases):
    """A call with a `revision` changes an attribute or a data source only if it still has this revision. Raises
    `Refused` (precondition_failed)."""

    def __init__(self, audit: Audit, catalog: Catalog, edits: AttributeEdits) -> None:
        super().__init__(audit)
        self._catalog, self._edits = catalog, edits
        self._sources = catalog.data_sources

    @use_case(Permission.READ_CATALOG, "data_source.list", Audited.DENIED_ONLY)
    def sources(
        self, caller: Caller, *, after: str = "", limit: int = MAX_PAGE, archived: bool = False
    ) -> list[DataSource]:
        """Up to `limit` data sources whose names come after `after`, by name; with `archived` also archived ones."""
        return self._sources.page(caller.tenant_id, after=after, limit=limit, archived=archived)

    @use_case(Permission.READ_CATALOG, "data_source.read", Audited.DENIED_ONLY)
    def source(self, caller: Caller, name: str) -> DataSource:
        """Raises `Refused` (unknown_data_source)."""
        return self._sources.get(caller.tenant_id, name)

    @use_case(Permission.EDIT_CATALOG, "data_source.create", details=("name",))
    def create_source(self, caller: Caller, name: str, change: SourceChange = SourceChange()) -> DataSource:
        """Return the data source `name`; create it if it does not exist. Raises `Refused`."""
        return self._sources.create(caller.tenant_id, change.applied(DataSource(name=name)))

    @use_case(Permission.EDIT_CATALOG, "data_source.edit", details=("name", "revision"))
    def edit_source(
        self, caller: Caller, name: str, change: SourceChange, *, revision: int | None = None
    ) -> DataSource:
        return self._sources.change(caller.tenant_id, name, change.applied, revision=revision)

    @use_case(Permission.EDIT_CATALOG, "data_source.archive", details=("name", "revision"))
    def archive_source(self, caller: Caller, name: str, *, revision: int | None = None) -> DataSource:
        """Archive a data source: it accepts no uploads any more."""
        return self._sources.change(caller.tenant_id, name, partial(replace, archived=True), revision=revision)

    @use_case(Permission.EDIT_CATALOG, "data_source.unarchive", details=("name", "revision"))
    def unarchive_source(self, caller: Caller, name: str, *, revision: int | None = None) -> DataSource:
        return self._sources.change(caller.tenant_id, name, partial(replace, archived=False), revision=revision)

    @use_case(Permission.EDIT_CATALOG, "data_source.delete", details=("name", "revision"))
    def delete_source(self, caller: Caller, name: str, *, revision: int | None = None) -> None:
        """Delete a data source that has never had a request, and its mappings. Raises `Refused`."""
        self._sources.delete(caller.tenant_id, name, revision=revision)

    @use_case(Permission.READ_CATALOG, "attribute.list", Audited.DENIED_ONLY)
    def attributes(
        self, caller: Caller, *, after: str = "", limit: int = MAX_PAGE, archived: bool = False
    ) -> list[Attribute]:
        """Up to `limit` attributes, built in and custom, whose names come after `after`, by name; with `archived` also
        archived ones."""
        return self._catalog.attributes_page(caller.tenant_id, after=after, limit=limit, archived=archived)

    @use_case(Permission.READ_CATALOG, "attribute.read", Audited.DENIED_ONLY)
    def attribute(self, caller: Caller, name: str) -> AttributeInUse:
        """Raises `Refused` (unknown_attribute)."""
        attribute = self._catalog.attribute(caller.tenant_id, name)
        order = self._catalog.ranking.read(caller.tenant_id).identifiers
        rank = order.index(name) + 1 if name in order else None
        return AttributeInUse(attribute, rank, self._edits.used_by(caller.tenant_id, name))

    @use_case(Permission.EDIT_CATALOG, "attribute.create", details=("name",))
    def create_attribute(self, caller: Caller, name: str, change: AttributeChange = AttributeChange()) -> Attribute:
        """Create a custom attribute, or return the existing one. Raises `Refused`."""
        attribute = new_attribute(check_name(name), change)
        self._edits.check_preferred(caller.tenant_id, attribute)
        return self._catalog.create_attribute(caller.tenant_id, attribute)

    @use_case(Permission.EDIT_CATALOG, "attribute.edit", details=("name", "revision"))
    def edit_attribute(
        self, caller: Caller, name: str, change: AttributeChange, *, revision: int | None = None
    ) -> Attribute:
        """Raises `Refused` with every fault, and naming the mappings when stored values forbid the change."""
        return self._edits.edit(caller.tenant_id, name, change, revision=revision)

    @use_case(Permission.EDIT_CATALOG, "attribute.archive", details=("name", "revision"))
    def archive_attribute(self, caller: Caller, name: str, *, revision: int | None = None) -> Attribute:
        """Archive an attribute: no mapping can feed it any more. Raises `Refused` (attribute_in_use) while one does."""
        return self._edits.archive(caller.tenant_id, name, revision=revision)

    @use_case(Permission.EDIT_CATALOG, "attribute.unarchive", details=("name", "revision"))
    def unarchive_attribute(self, caller: Caller, name: str, *, revision: int | None = None) -> Attribute:
        return self._edits.unarchive(caller.tenant_id, name, revision=revision)

    @use_case(Permission.READ_CATALOG, "identifiers.read", Audited.DENIED_ONLY)
    def identifiers(self, caller: Caller) -> Ranking:
        return self._catalog.ranking.read(caller.tenant_id)

    @use_case(Permission.READ_CATALOG, "identifiers.read", Audited.DENIED_ONLY)
    def used_identifiers(self, caller: Caller) -> MappingOf[str, Sequence[ColumnMapping]]:
        """By rank, the identifiers of the mappings of what counts, with the columns that feed each."""
        return used_identifiers(self._catalog, caller.tenant_id)

    @use_case(Permission.EDIT_CATALOG, "identifiers.rank", details=("revision",))
    def rank_identifiers(self, caller: Caller, names: Sequence[str], *, revision: int | None = None) -> Ranking:
        """Set the order of the tenant's identifiers. Raises `Refused` (ranking_fixed) when the order of those that
        requests have used would change."""
        return self._catalog.rank_identifiers(caller.tenant_id, names, revision=revision)

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
        """The changes from `base`, by default the previous kept version, to `version`. Raises `NotFound`, `Refused`."""
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
        new_attributes: Collection[str] = (),
    ) -> MappingInUse:
        """Save the mapping of a data source, with the attributes that it needs; it is the current one at once.

        Raises `Refused` with every fault, or precondition_failed when the current version is not `base`; then no
        mapping is saved. With `create_source` the source may be new; the names of `new_attributes` may be similar to
        existing ones.
        """
        return until_unchanged(
            lambda: self._saved(caller, source, columns, create_source=create_source, base=base, new=new_attributes)
        )

    def _saved(
        self,
        caller: Caller,
        source: str,
        columns: Sequence[ColumnSpec],
        *,
        create_source: bool,
        base: int | None,
        new: Collection[str],
    ) -> MappingInUse:
        tenant_id, catalog = caller.tenant_id, TenantCatalog(self._catalog, caller.tenant_id)
        faults: list[Fault] = []
        with collecting(faults):
            check_source(catalog, source, create=create_source)
        with collecting(faults):
            resolved = resolve_mapping(source, columns, catalog, new)
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
        mapping = until_unchanged(
            lambda: self._catalog.save_mapping(caller.tenant_id, source, earlier.columns, origin, base=base)
        )
        return self._in_use(caller, mapping)

    def _check_source(self, caller: Caller, source: str) -> None:
        check_source(TenantCatalog(self._catalog, caller.tenant_id), source, create=False)

    def _in_use(self, caller: Caller, mapping: Mapping) -> MappingInUse:
        return MappingInUse(mapping, self._catalog.attributes_of(caller.tenant_id, mapping))

    def _specs(self, caller: Caller, source: str, version: int) -> list[ColumnSpec]:
        mapping = self._catalog.mapping(caller.tenant_id, source, version)
        return column_specs(mapping.columns, self._catalog.attributes_of(caller.tenant_id, mapping))
