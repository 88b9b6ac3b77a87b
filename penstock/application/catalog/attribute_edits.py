"""Stores changes of attributes, and lists the data sources that use an attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.changing_attributes import claim_names, mark, names_of, use_of
from penstock.application.catalog.revisions import check_revision
from penstock.application.catalog.uses import AttributeUses
from penstock.domain.catalog.attribute_changes import AttributeChange, AttributeUse, changed, check_names, in_use
from penstock.domain.errors import Conflict, Fault, collecting
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping
from penstock.domain.mapping.rules import validated_attributes
from penstock.ports.control_store import ControlStore, Table


class SourceUse(NamedTuple):
    """A data source whose mappings have fed an attribute. `mapped`: the current one does; `stored`: a request of the
    source may have stored values."""

    data_source: str
    mapped: bool
    stored: bool


class AttributeEdits:
    """Edits stored attributes. Every method raises `Refused`: unknown_attribute, precondition_failed, and its own
    codes."""

    def __init__(self, store: ControlStore, catalog: Catalog) -> None:
        self._store, self._catalog = store, catalog
        self._uses = AttributeUses(store)

    def use(self, tenant_id: str, name: str) -> AttributeUse:
        sources = self._uses.sources(tenant_id, name)
        used = {each.name for each in self._catalog.data_sources.all(tenant_id) if each.used}
        ranking = self._catalog.ranking.read(tenant_id)
        return AttributeUse(
            sources, [each for each in sources if each in used], name in ranking.identifiers[: ranking.fixed]
        )

    def used_by(self, tenant_id: str, name: str) -> list[SourceUse]:
        use, feeding = self.use(tenant_id, name), {source for source, _ in self._feeding(tenant_id, name)}
        return [SourceUse(source, source in feeding, source in use.stored) for source in use.sources]

    def edit(self, tenant_id: str, name: str, change: AttributeChange, *, revision: int | None = None) -> Attribute:
        """Raises `Refused` with every fault, such as a format that stored values or a current mapping do not fit."""

        def edited(attribute: Attribute) -> Attribute:
            requested = changed(attribute, change, self.use(tenant_id, name))
            self.check_preferred(tenant_id, requested)
            check_names([requested], self._catalog.attributes(tenant_id))
            if requested.format != attribute.format:
                self._check_mappings(tenant_id, requested)
            return requested

        return self._changed(tenant_id, name, edited, revision)

    def check_preferred(self, tenant_id: str, attribute: Attribute) -> None:
        """Raises `Refused` (unknown_data_source) for a preferred data source that does not exist."""
        for source in attribute.preferred_sources:
            self._catalog.data_sources.get(tenant_id, source)

    def archive(self, tenant_id: str, name: str, *, revision: int | None = None) -> Attribute:
        """Raises `Refused` (attribute_in_use) while a current mapping feeds it."""

        def archived(attribute: Attribute) -> Attribute:
            if feeding := [source for source, _ in self._feeding(tenant_id, name)]:
                hint = "Leave it out of these mappings first, or archive their data sources."
                raise in_use(attribute, feeding, "attribute_in_use", "it cannot be archived", hint)
            return replace(attribute, archived=True)

        return self._changed(tenant_id, name, archived, revision)

    def unarchive(self, tenant_id: str, name: str, *, revision: int | None = None) -> Attribute:
        return self._changed(tenant_id, name, lambda attribute: replace(attribute, archived=False), revision)

    def _changed(
        self, tenant_id: str, name: str, change: Callable[[Attribute], Attribute], revision: int | None
    ) -> Attribute:
        while True:
            record = self._store.get(Table.ATTRIBUTES, tenant_id, "", name)
            current = self._catalog.attribute(tenant_id, name) if record is None else _attribute(record.body)
            check_revision(current.revision, revision)
            requested = change(current)
            if requested == current:
                return current
            stored = replace(requested, revision=current.revision + 1)
            try:
                if (use_of(requested), names_of(requested)) != (use_of(current), names_of(current)):
                    record = mark(self._store, tenant_id, current, record, requested)
                    change(current)  # given the uses that were stored until now
                if names_of(requested) != names_of(current) and claim_names(self._store, tenant_id, [requested]):
                    continue
                if record is None:  # a built-in one
                    self._store.create(Table.ATTRIBUTES, tenant_id, "", name, msgspec.json.encode(stored))
                else:
                    self._store.replace(record, msgspec.json.encode(stored))
            except Conflict:
                continue  # changed concurrently: decide again
            return stored

    def _check_mappings(self, tenant_id: str, requested: Attribute) -> None:
        """Raise `Refused` (format_breaks_mapping) when a current mapping would not be valid any more."""
        broken = [source for source, faults in self._feeding(tenant_id, requested.name, requested) if faults]
        if broken:
            hint = "Change the columns of this attribute in these mappings first: penstock mapping show SOURCE"
            raise in_use(requested, broken, "format_breaks_mapping", "their columns would not fit the new format", hint)

    def _feeding(
        self, tenant_id: str, name: str, requested: Attribute | None = None
    ) -> Iterable[tuple[str, list[Fault]]]:
        """The data sources that are not archived and whose mapping feeds the attribute, with the faults that it would
        have with the attribute as `requested`. Both the current mapping and those that uploads may make current count.
        """
        for source in self._uses.sources(tenant_id, name):
            found = self._catalog.data_sources.find(tenant_id, source)
            if found is None or found.archived:
                continue
            feeding = [
                mapping
                for mapping in self._catalog.versions.current_or_pending(tenant_id, source)
                if any(column.attribute == name for column in mapping.columns)
            ]
            if feeding:
                yield source, [fault for mapping in feeding for fault in self._faults(tenant_id, mapping, requested)]

    def _faults(self, tenant_id: str, mapping: Mapping, requested: Attribute | None) -> list[Fault]:
        faults: list[Fault] = []
        if requested is not None:
            known = {each.name: each for each in self._catalog.attributes_of(tenant_id, mapping)}
            with collecting(faults):
                validated_attributes(mapping.columns, known | {requested.name: requested})
        return faults


def _attribute(body: bytes) -> Attribute:
    return msgspec.json.decode(body, type=Attribute)
