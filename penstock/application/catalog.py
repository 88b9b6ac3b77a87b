"""The catalog: a tenant's data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.attributes import Attribute, check_name
from penstock.domain.builtin_attributes import BUILTIN
from penstock.domain.errors import Conflict, Fault, NotFound, Refused, refusal
from penstock.domain.mapping import ColumnMapping, Mapping
from penstock.domain.mapping_rules import judge_mapping
from penstock.ports.control_store import ControlStore, Table


class DataSource(msgspec.Struct, frozen=True, kw_only=True):
    """A named category of uploads."""

    name: str
    display_name: str = ""


class Catalog:
    """What files are mapped onto. Attributes are the built-in ones and the tenant's custom ones."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def create_source(self, tenant_id: str, name: str, display_name: str = "") -> DataSource:
        """The data source `name`, new or as it was.

        Raises `Refused` for a name that cannot be one, or is taken by a source that is shown by another name.
        """
        source = DataSource(name=check_name(name), display_name=display_name)
        try:
            self._store.create(Table.DATA_SOURCES, tenant_id, "", name, msgspec.json.encode(source))
        except Conflict:
            present = self.source(tenant_id, name)
            if display_name not in ("", present.display_name):
                raise refusal(
                    "data_source_exists",
                    f"there is a data source {name!r} already, with another display name",
                    "Use it as it is, or choose another name.",
                ) from None
            return present
        return source

    def source(self, tenant_id: str, name: str) -> DataSource:
        """Raises `NotFound`."""
        record = self._store.get(Table.DATA_SOURCES, tenant_id, "", name)
        if record is None:
            raise NotFound(f"there is no data source {name[:64]!r}")
        return msgspec.json.decode(record.body, type=DataSource)

    def sources(self, tenant_id: str) -> list[DataSource]:
        """All data sources, by name."""
        records = scan_all(self._store, Table.DATA_SOURCES, tenant_id)
        return [msgspec.json.decode(record.body, type=DataSource) for record in records]

    def create_attribute(self, tenant_id: str, attribute: Attribute) -> Attribute:
        """`attribute` as a custom one. Raises `Refused` when the name is taken by one of another shape."""
        check_name(attribute.name)
        if attribute.name in BUILTIN:
            return _same_shape(self.attribute(tenant_id, attribute.name), attribute)
        custom = msgspec.structs.replace(attribute, custom=True)
        try:
            self._store.create(Table.ATTRIBUTES, tenant_id, "", custom.name, msgspec.json.encode(custom))
        except Conflict:
            return _same_shape(self.attribute(tenant_id, custom.name), custom)
        return custom

    def attribute(self, tenant_id: str, name: str) -> Attribute:
        """The attribute `name`, built in or custom. Raises `Refused` with `unknown_attribute`."""
        record = self._store.get(Table.ATTRIBUTES, tenant_id, "", name)
        if record is not None:
            return msgspec.json.decode(record.body, type=Attribute)
        if name not in BUILTIN:
            raise refusal(
                "unknown_attribute",
                f"there is no attribute {name[:64]!r}",
                "Create the attribute first, or name one that exists.",
            )
        return BUILTIN[name]

    def attributes(self, tenant_id: str) -> dict[str, Attribute]:
        """All attributes by name, in the order of names. A custom one stays when a release builds in its name."""
        records = scan_all(self._store, Table.ATTRIBUTES, tenant_id)
        custom = {record.sort: msgspec.json.decode(record.body, type=Attribute) for record in records}
        return dict(sorted((BUILTIN | custom).items()))

    def save_mapping(self, tenant_id: str, source: str, columns: Sequence[ColumnMapping]) -> Mapping:
        """The mapping of `source` with `columns`, as a new version unless it is the present one.

        Raises `Refused` with every fault, an unknown data source among them.
        """
        self._judged(tenant_id, source, columns)
        while True:
            present = self._present(tenant_id, source)
            if present is not None and present.columns == tuple(columns):
                return present
            version = 1 if present is None else present.version + 1
            mapping = Mapping(data_source=source, version=version, columns=tuple(columns))
            try:
                self._store.create(Table.MAPPINGS, tenant_id, source, _sort(version), msgspec.json.encode(mapping))
            except Conflict:
                continue  # another saved this version meanwhile; compare with that one
            return mapping

    def mapping(self, tenant_id: str, source: str, version: int | None = None) -> Mapping:
        """A mapping of `source`, the present one unless `version` says otherwise. Raises `NotFound`."""
        if version is not None:
            return self._version(tenant_id, source, version)
        present = self._present(tenant_id, source)
        if present is None:
            raise NotFound(f"the data source {source[:64]!r} has no mapping yet")
        return present

    def resolve(self, tenant_id: str, source: str, mapping: Mapping) -> tuple[Attribute, ...]:
        """The attributes that `mapping`'s columns feed, in their order. Raises `Refused` with every fault."""
        return self._judged(tenant_id, source, mapping.columns)

    def _judged(self, tenant_id: str, source: str, columns: Sequence[ColumnMapping]) -> tuple[Attribute, ...]:
        known = self.attributes(tenant_id)
        faults = [*self._judge_source(tenant_id, source), *judge_mapping(columns, known)]
        if faults:
            raise Refused(faults)
        return tuple(known[column.attribute] for column in columns)

    def _judge_source(self, tenant_id: str, name: str) -> list[Fault]:
        if self._store.get(Table.DATA_SOURCES, tenant_id, "", name) is not None:
            return []
        mend = "Create the data source first, or name one that exists."
        return [Fault(code="unknown_data_source", message=f"there is no data source {name[:64]!r}", mend=mend)]

    def _version(self, tenant_id: str, source: str, version: int) -> Mapping:
        record = self._store.get(Table.MAPPINGS, tenant_id, source, _sort(version))
        if record is None:
            raise NotFound(f"the data source {source[:64]!r} has no mapping of version {version}")
        return msgspec.json.decode(record.body, type=Mapping)

    def _present(self, tenant_id: str, source: str) -> Mapping | None:
        newest = self._store.scan(Table.MAPPINGS, tenant_id, source, limit=1, newest_first=True)
        return msgspec.json.decode(newest[0].body, type=Mapping) if newest else None


def _sort(version: int) -> str:
    return f"{version:09d}"


def _same_shape(present: Attribute, wanted: Attribute) -> Attribute:
    """`present` when it holds values as `wanted` would; how it is called is not its shape."""
    if (present.format, present.pii) != (wanted.format, wanted.pii):
        raise refusal(
            "attribute_exists",
            f"there is an attribute {present.name!r} already, with the format {present.format}"
            f" and {'personal' if present.pii else 'not personal'}",
            "Use it as it is, or choose another name.",
        )
    return present
