"""The calls for data sources, attributes and the ranking of identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.client.connection import Connection
from penstock.client.pages import each_entry
from penstock.client.paths import resource_path
from penstock.documents.attributes import AttributeDetailView, AttributeList, AttributeView, RankingView
from penstock.documents.data_sources import DataSourceList, DataSourceView
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import SourceChange, UploadDefaults

SOURCES, ATTRIBUTES, IDENTIFIERS = "/data-sources", "/attributes", "/identifiers"
ARCHIVED = "?archived=true"


class CatalogCalls:
    """Data sources, attributes and the ranking of identifiers. A call with a `revision` changes an attribute or a data
    source only if it still has this revision. Raises `Refused`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sources(self, *, archived: bool = False) -> list[DataSourceView]:
        """All data sources, by name; with `archived` also archived ones."""
        return list(each_entry(self._connection, SOURCES + ARCHIVED * archived, "data_sources", DataSourceList))

    def source(self, name: str) -> DataSourceView:
        return self._connection.document("GET", resource_path(SOURCES, name), DataSourceView)

    def create_source(self, name: str, settings: SourceChange = SourceChange()) -> DataSourceView:
        """The data source `name`, new or existing."""
        return self._connection.send_json(
            "POST", SOURCES, {"name": name, **_source_body(settings)}, DataSourceView, repeatable=True
        )

    def edit_source(self, name: str, change: SourceChange, *, revision: int | None = None) -> DataSourceView:
        return self._connection.send_json(
            "PATCH",
            resource_path(SOURCES, name),
            _source_body(change),
            DataSourceView,
            repeatable=False,
            **_if_match(revision),
        )

    def archive_source(self, name: str) -> DataSourceView:
        return self._connection.document("POST", resource_path(SOURCES, name, ":archive"), DataSourceView)

    def unarchive_source(self, name: str) -> DataSourceView:
        return self._connection.document("POST", resource_path(SOURCES, name, ":unarchive"), DataSourceView)

    def delete_source(self, name: str) -> None:
        self._connection.headers("DELETE", resource_path(SOURCES, name))

    def attributes(self, *, archived: bool = False) -> list[AttributeView]:
        """All built-in and custom attributes, by name; with `archived` also archived ones."""
        return list(each_entry(self._connection, ATTRIBUTES + ARCHIVED * archived, "attributes", AttributeList))

    def attribute(self, name: str) -> AttributeDetailView:
        """The attribute with its rank and the data sources that feed it."""
        return self._connection.document("GET", resource_path(ATTRIBUTES, name), AttributeDetailView)

    def create_attribute(self, name: str, settings: AttributeChange = AttributeChange()) -> AttributeView:
        """A custom attribute, new or existing."""
        body = {"name": name, **msgspec.to_builtins(settings)}
        return self._connection.send_json("POST", ATTRIBUTES, body, AttributeView, repeatable=True)

    def edit_attribute(self, name: str, change: AttributeChange, *, revision: int | None = None) -> AttributeView:
        return self._connection.send_json(
            "PATCH",
            resource_path(ATTRIBUTES, name),
            msgspec.to_builtins(change),
            AttributeView,
            repeatable=False,
            **_if_match(revision),
        )

    def archive_attribute(self, name: str) -> AttributeView:
        return self._connection.document("POST", resource_path(ATTRIBUTES, name, ":archive"), AttributeView)

    def unarchive_attribute(self, name: str) -> AttributeView:
        return self._connection.document("POST", resource_path(ATTRIBUTES, name, ":unarchive"), AttributeView)

    def identifiers(self) -> RankingView:
        """The ranking of identifiers."""
        return self._connection.document("GET", IDENTIFIERS, RankingView)

    def rank_identifiers(self, names: Sequence[str]) -> RankingView:
        return self._connection.send_json("PUT", IDENTIFIERS, {"identifiers": list(names)}, RankingView)


def _if_match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def _source_body(change: SourceChange) -> dict[str, Any]:
    """The defaults are an object of their own in the API."""
    fields: dict[str, Any] = msgspec.to_builtins(change)
    defaults = {name: fields.pop(name) for name in UploadDefaults.__struct_fields__ if name in fields}
    return {**fields, **({"defaults": defaults} if defaults else {})}
