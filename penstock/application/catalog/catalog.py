"""The catalog: a tenant's data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter

import msgspec

from penstock.application.catalog.changing_attributes import (
    AttributesChanged,
    check_unchanged,
    claim_names,
    until_unchanged,
)
from penstock.application.catalog.known_catalog import ResolvedMapping
from penstock.application.catalog.mapping_versions import MappingVersions, Origin
from penstock.application.catalog.ranking import IdentifierRanking
from penstock.application.catalog.sources import DataSources
from penstock.application.catalog.uses import AttributeUses
from penstock.application.scanning import scan_all
from penstock.domain.catalog.attribute_changes import check_names
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.catalog.ranking import Ranking
from penstock.domain.errors import Conflict, Fault, NotFound, Refused, collecting, refusal
from penstock.domain.limits import (
    MAX_ATTRIBUTE_ARGUMENTS,
    MAX_ATTRIBUTES,
    MAX_DISPLAY_NAME,
    MAX_PAGE,
    MAX_RANKED_IDENTIFIERS,
    check_length,
    check_number,
)
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, Mapping
from penstock.domain.mapping.rules import check_size, validated_attributes
from penstock.domain.near_names import nearest_name
from penstock.ports.control_store import ControlStore, Record, Table

_name = attrgetter("name")


class Catalog:
    """The targets of mappings. A tenant's attributes are the built-in ones and its custom ones."""

    def __init__(self, store: ControlStore, versions: MappingVersions) -> None:
        self._store, self.versions = store, versions
        self.data_sources, self.ranking = DataSources(store), IdentifierRanking(store)
        self._uses = AttributeUses(store)

    def create_source(self, tenant_id: str, name: str, display_name: str = "") -> DataSource:
        """As `DataSources.create`."""
        return self.data_sources.create(tenant_id, DataSource(name=name, display_name=display_name))

    def use(self, tenant_id: str, mapping: Mapping, attributes: Sequence[Attribute]) -> tuple[str, ...]:
        """Call before a request with this mapping is accepted. Returns its identifiers by rank, which is then fixed.

        Raises `Refused` when its data source was archived or deleted.
        """
        self.data_sources.use(tenant_id, mapping.data_source)
        pairs = zip(mapping.columns, attributes, strict=True)
        return self.ranking.use(tenant_id, [attribute for column, attribute in pairs if column.identifier])

    def rank_identifiers(self, tenant_id: str, names: Sequence[str], *, revision: int | None = None) -> Ranking:
        """As `IdentifierRanking.reorder`. Also raises `Refused` (invalid_ranking) for unknown attributes."""
        known = self.attributes_named(tenant_id, names[: MAX_RANKED_IDENTIFIERS + 1])
        if unknown := [_unknown(name) for name in names[: MAX_RANKED_IDENTIFIERS + 1] if name not in known]:
            raise Refused(unknown, code="invalid_ranking")
        return self.ranking.reorder(tenant_id, names, revision=revision)

    def create_attribute(self, tenant_id: str, attribute: Attribute) -> Attribute:
        """Create a custom attribute, or return the existing one. Raises `Refused` if it has other settings."""
        return self.create_attributes(tenant_id, [attribute])[0]

    def create_attributes(self, tenant_id: str, attributes: Sequence[Attribute]) -> list[Attribute]:
        """As `create_attribute` for each. Also raises `Refused` when there would be too many; then none is created.

        When another attribute gets the name of a new one at the same moment, the new one is withdrawn. Of two new ones
        that want one name, both may be.
        """
        return until_unchanged(lambda: self._created(tenant_id, attributes))

    def _created(self, tenant_id: str, attributes: Sequence[Attribute]) -> list[Attribute]:
        found = self._existing(tenant_id, attributes)
        records = []
        for each in attributes:
            if each.name not in found:
                try:
                    records.append(self._create(tenant_id, each))
                except Conflict:
                    found[each.name] = _check_same(self.attribute(tenant_id, each.name), each)
        self._claim_names(tenant_id, records)
        found.update((record.sort, _attribute(record)) for record in records)
        return [found[each.name] for each in attributes]

    def _create(self, tenant_id: str, attribute: Attribute) -> Record:
        custom = msgspec.structs.replace(attribute, custom=True)
        return self._store.create(Table.ATTRIBUTES, tenant_id, "", custom.name, msgspec.json.encode(custom))

    def _claim_names(self, tenant_id: str, created: Sequence[Record]) -> None:
        """Raises `AttributesChanged` when a new attribute has the name of another one, and is withdrawn."""
        if not created:
            return
        taken = claim_names(self._store, tenant_id, [_attribute(record) for record in created])
        for record in created:
            if record.sort in taken:
                with suppress(Conflict):
                    self._store.delete_unchanged(record)
        if taken:
            raise AttributesChanged(f"{len(taken):,} new attributes have names that others got at the same moment")

    def check_new_attributes(self, tenant_id: str, attributes: Sequence[Attribute]) -> None:
        """Raise `Refused` as `create_attributes` would, but create none."""
        self._existing(tenant_id, attributes)

    def _existing(self, tenant_id: str, attributes: Sequence[Attribute]) -> dict[str, Attribute]:
        """The attributes that already exist, by name. Raises `Refused` when the others cannot be created."""
        for attribute in attributes:
            check_name(attribute.name)
            check_length(attribute.display_name, MAX_DISPLAY_NAME, what="the display name")
        known = self.attributes_named(tenant_id, [attribute.name for attribute in attributes])
        found = {
            attribute.name: _check_same(known[attribute.name], attribute)
            for attribute in attributes
            if attribute.name in known
        }
        self._check_room(tenant_id, [attribute for attribute in attributes if attribute.name not in found])
        return found

    def attribute(self, tenant_id: str, name: str) -> Attribute:
        """The attribute `name`, built in or custom. Raises `Refused` (unknown_attribute), which suggests a name."""
        record = self._store.get(Table.ATTRIBUTES, tenant_id, "", name)
        if record is not None:
            return _attribute(record)
        if name not in BUILTIN:
            raise Refused([_unknown(name, nearest_name(name, self.attributes(tenant_id)))])
        return BUILTIN[name]

    def attributes(self, tenant_id: str) -> dict[str, Attribute]:
        """All attributes by name, sorted, archived ones included. A custom attribute hides a built-in one that a later
        release adds."""
        records = scan_all(self._store, Table.ATTRIBUTES, tenant_id)
        custom = {record.sort: _attribute(record) for record in records}
        return dict(sorted((BUILTIN | custom).items()))

    def attributes_named(self, tenant_id: str, names: Iterable[str]) -> dict[str, Attribute]:
        """The existing attributes among `names`, by name; reads no others."""
        requested = list(dict.fromkeys(names))
        places = [("", name) for name in requested]
        custom = {
            record.sort: _attribute(record)
            for start in range(0, len(places), MAX_PAGE)
            for record in self._store.get_each(Table.ATTRIBUTES, tenant_id, places[start : start + MAX_PAGE])
        }
        return {name: BUILTIN[name] for name in requested if name in BUILTIN} | custom

    def attributes_page(
        self, tenant_id: str, *, after: str = "", limit: int = MAX_PAGE, archived: bool = True
    ) -> list[Attribute]:
        """Up to `limit` attributes whose names come after `after`, by name; with `archived` also archived ones."""
        stored = map(_attribute, scan_all(self._store, Table.ATTRIBUTES, tenant_id, after=after))
        built_in = (BUILTIN[name] for name in sorted(BUILTIN) if name > after)
        by_name = groupby(merge(stored, built_in, key=_name), key=_name)  # a stored one comes before a built-in one
        found = (next(attributes) for _, attributes in by_name)
        return list(islice((each for each in found if archived or not each.archived), limit))

    def save_mapping(
        self,
        tenant_id: str,
        source: str,
        columns: Sequence[ColumnMapping],
        origin: Origin = Origin(""),
        *,
        base: int | None = None,
    ) -> Mapping:
        """Save `columns` as a new version of the mapping of `source`, as `MappingVersions.save` does.

        Raises `Refused` with every fault, including an unknown data source, or precondition_failed. Raises
        `AttributesChanged`; then the saved version is not current. The caller checks the attributes of an upload.
        """
        attributes = self._validated(tenant_id, source, columns)
        columns = [_without_default_format(*pair) for pair in zip(columns, attributes, strict=True)]
        self._uses.add(tenant_id, source, [column.attribute for column in columns])

        def confirm() -> None:
            if origin.request_id is None:
                self.check_unchanged(tenant_id, attributes)

        return self.versions.save(tenant_id, source, columns, origin, base=base, confirm=confirm).mapping

    def check_unchanged(self, tenant_id: str, attributes: Sequence[Attribute]) -> None:
        """As `changing_attributes.check_unchanged`."""
        check_unchanged(self._store, tenant_id, attributes)

    def create_missing(self, tenant_id: str, resolved: ResolvedMapping, *, create_source: bool) -> None:
        """Create the attributes and, if `create_source`, the data source that a mapping needs before it is saved, in an
        order that is safe after a crash."""
        if create_source:
            self.create_source(tenant_id, resolved.mapping.data_source)
        self.create_attributes(tenant_id, resolved.missing)

    def mapping(self, tenant_id: str, source: str, version: int | None = None) -> Mapping:
        """The mapping of `source`: the current one, or `version`. Raises `NotFound`."""
        if version is not None:
            return self.versions.get(tenant_id, source, version).mapping
        current = self.versions.current(tenant_id, source)
        if current is None:
            raise NotFound(f"the data source {source[:64]!r} has no mapping: none yet, or only of undone uploads")
        return current.mapping

    def attributes_of(self, tenant_id: str, mapping: Mapping) -> tuple[Attribute, ...]:
        """The attributes of a saved mapping, in the order of its columns."""
        known = self.attributes_named(tenant_id, [column.attribute for column in mapping.columns])
        return tuple(known[column.attribute] for column in mapping.columns)

    def _validated(self, tenant_id: str, source: str, columns: Sequence[ColumnMapping]) -> tuple[Attribute, ...]:
        check_size(columns)  # before so many attributes are read
        known = self.attributes_named(tenant_id, [column.attribute for column in columns])
        faults: list[Fault] = []
        attributes: tuple[Attribute, ...] = ()
        with collecting(faults):
            self.data_sources.get(tenant_id, source)
        with collecting(faults):
            attributes = validated_attributes(columns, known)
        if faults:
            raise Refused(faults)
        return attributes

    def _check_room(self, tenant_id: str, new: Sequence[Attribute]) -> None:
        """Concurrent callers may exceed the limit by a few; it only has to bound the growth."""
        if not new:
            return
        existing = [_attribute(record) for record in scan_all(self._store, Table.ATTRIBUTES, tenant_id)]
        check_names(new, BUILTIN | {each.name: each for each in existing})
        lengths = [len(attribute.format.argument) for attribute in (*existing, *new)]
        check_number(
            len(lengths),
            MAX_ATTRIBUTES,
            code="too_many_attributes",
            what="custom attributes",
            hint="Map columns to existing attributes, or leave them out.",
        )
        check_number(
            sum(lengths),
            MAX_ATTRIBUTE_ARGUMENTS,
            code="formats_too_long",
            what="characters of options, patterns and regions of custom attributes",
            hint="Use existing attributes, or text where there would be many options.",
        )


def _unknown(name: str, similar: str | None = None) -> Fault:
    hint = "Create the attribute first, or name one that exists."
    return Fault(
        code="unknown_attribute",
        message=f"there is no attribute {name[:64]!r}",
        hint=f"Did you mean {similar!r}? If not: {hint[0].lower()}{hint[1:]}" if similar else hint,
    )


def _attribute(record: Record) -> Attribute:
    return msgspec.json.decode(record.body, type=Attribute)


def _without_default_format(column: ColumnMapping, attribute: Attribute) -> ColumnMapping:
    """`column` without a format equal to its attribute's, so that equal mappings compare equal."""
    return msgspec.structs.replace(column, format=None) if column.format == attribute.format else column


def _check_same(existing: Attribute, requested: Attribute) -> Attribute:
    """Return `existing`; raise `Refused` when `requested` has other settings."""
    settings = ("format", "pii", "segmentable", "macro", "segment_name", "macro_name")
    if any(getattr(existing, name) != getattr(requested, name) for name in settings) or existing.archived:
        state = ", which is archived" if existing.archived else ""
        raise refusal(
            "attribute_exists",
            f"the attribute {existing.name!r} already exists{state}, with the format {str(existing.format)[:64]}"
            f" and {'personal' if existing.pii else 'not personal'}, or with other settings",
            "Use it as it is, choose another name, or change it. "
            f"The commands are: penstock attribute show {existing.name}, penstock attribute edit {existing.name}",
        )
    return existing
