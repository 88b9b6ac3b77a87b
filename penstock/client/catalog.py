"""A tenant's catalog read over the HTTP API, to check a file before it is sent."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec, options_of
from penstock.documents.resources import AttributeView, ColumnView, DataSourceView, MappingView
from penstock.domain.errors import NotFound
from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping

NO_LIMITS = Limits(  # the server checks its own limits
    file_bytes=sys.maxsize, columns=sys.maxsize, cell_bytes=sys.maxsize, row_bytes=sys.maxsize, expansion=sys.maxsize
)


class Reader(Protocol):
    """The calls of a client that read the catalog."""

    def sources(self) -> list[DataSourceView]: ...

    def attributes(self) -> list[AttributeView]: ...

    def mapping(self, source: str) -> MappingView: ...


class RemoteCatalog:
    """Reads the data sources only once."""

    def __init__(self, client: Reader) -> None:
        self._client = client
        self._sources: list[str] | None = None

    def has_source(self, name: str) -> bool:
        return name in self.source_names()

    def source_names(self) -> Iterable[str]:
        if self._sources is None:
            self._sources = [each["name"] for each in self._client.sources()]
        return self._sources

    def attributes(self) -> dict[str, Attribute]:
        return {each["name"]: _attribute(each) for each in self._client.attributes()}

    def attributes_named(self, names: Iterable[str]) -> dict[str, Attribute]:
        requested = set(names)
        found = (each for each in self._client.attributes() if each["name"] in requested)
        return {each["name"]: _attribute(each) for each in found}

    def mapping(self, source: str) -> Mapping:
        if not self.has_source(source):
            raise NotFound(f"there is no data source {source[:64]!r}")
        found = self._client.mapping(source)
        return Mapping(data_source=source, version=found["version"], columns=tuple(map(_column, found["columns"])))

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        """The server checks them."""


def _attribute(document: AttributeView) -> Attribute:
    return Attribute(
        name=document["name"],
        display_name=document["display_name"],
        format=parse_format(document["format"]),
        pii=document["pii"],
        segmentable=document["segmentable"],
        macro=document["macro"],
        custom=document["custom"],
    )


def _column(document: ColumnView) -> ColumnMapping:
    spec = msgspec.convert(document, ColumnSpec)
    return ColumnMapping(
        attribute=spec.attribute,
        format=None if spec.format is None else parse_format(spec.format),
        pii=bool(spec.pii),
        **options_of(spec),
    )
