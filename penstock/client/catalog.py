"""A tenant's catalog read over the HTTP API, to check a file before it is sent."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec, options_of
from penstock.client.catalog_calls import CatalogCalls
from penstock.documents.attributes import AttributeView
from penstock.documents.data_sources import DataSourceView
from penstock.documents.mapping_versions import MappingVersionView
from penstock.documents.mappings import ColumnView, MappingView
from penstock.documents.requests import RequestView
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.errors import NotFound
from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from penstock.domain.requests.request_filter import RequestFilter

NO_LIMITS = Limits(  # the server checks its own limits
    file_bytes=sys.maxsize, columns=sys.maxsize, cell_bytes=sys.maxsize, row_bytes=sys.maxsize, expansion=sys.maxsize
)


class Reader(Protocol):
    """The calls of a client that read the catalog."""

    @property
    def catalog(self) -> CatalogCalls: ...

    def mapping(self, source: str, version: int | None = None) -> MappingView: ...

    def mapping_versions(self, source: str) -> list[MappingVersionView]: ...

    def request(self, request_id: str) -> RequestView: ...

    def requests(self, only: RequestFilter) -> Iterator[RequestView]: ...


class RemoteCatalog:
    """Reads data sources and attributes only once, archived ones included."""

    def __init__(self, client: Reader) -> None:
        self._client = client

    @cached_property
    def _sources(self) -> dict[str, DataSource]:
        return {each["name"]: _source(each) for each in self._client.catalog.sources(archived=True)}

    @cached_property
    def _attributes(self) -> dict[str, Attribute]:
        return {each["name"]: _attribute(each) for each in self._client.catalog.attributes(archived=True)}

    def find_source(self, name: str) -> DataSource | None:
        return self._sources.get(name)

    def source_names(self) -> Iterable[str]:
        return list(self._sources)

    def attributes(self) -> dict[str, Attribute]:
        return self._attributes

    def attributes_named(self, names: Iterable[str]) -> dict[str, Attribute]:
        return {name: self._attributes[name] for name in names if name in self._attributes}

    def mapping(self, source: str) -> Mapping:
        if source not in self._sources:
            raise NotFound(f"there is no data source {source[:64]!r}")
        return _mapping(source, self._client.mapping(source))

    def find_mapping(self, source: str) -> Mapping | None:
        if source not in self._sources:
            return None
        with suppress(NotFound):
            return self.mapping(source)
        return None

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        """The server checks them."""


def _mapping(source: str, document: MappingView) -> Mapping:
    return Mapping(data_source=source, version=document["version"], columns=tuple(map(_column, document["columns"])))


def _source(document: DataSourceView) -> DataSource:
    return msgspec.convert(document, DataSource)


def _attribute(document: AttributeView) -> Attribute:
    return Attribute(
        name=document["name"],
        display_name=document["display_name"],
        format=parse_format(document["format"]),
        pii=document["pii"],
        segmentable=document["segmentable"],
        macro=document["macro"],
        custom=document["custom"],
        archived=document["archived"],
    )


def _column(document: ColumnView) -> ColumnMapping:
    spec = msgspec.convert(document, ColumnSpec)
    return ColumnMapping(
        attribute=spec.attribute,
        format=None if spec.format is None else parse_format(spec.format),
        pii=bool(spec.pii),
        **options_of(spec),
    )
