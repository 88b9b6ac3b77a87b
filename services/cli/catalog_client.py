"""The interface of a catalog for commands: data sources, attributes and the ranking of identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.documents.attributes import AttributeDetailView, AttributeView, RankingView
from penstock.documents.data_sources import DataSourceView
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import SourceChange


class CatalogClient(Protocol):
    """A call with a `revision` changes an attribute or a data source only if it still has this revision. Raises
    `Refused`."""

    def sources(self, *, archived: bool = False) -> list[DataSourceView]:
        """All data sources, by name; with `archived` also archived ones."""
        ...

    def source(self, name: str) -> DataSourceView: ...

    def create_source(self, name: str, settings: SourceChange = SourceChange()) -> DataSourceView:
        """The data source `name`, new or existing."""
        ...

    def edit_source(self, name: str, change: SourceChange, *, revision: int | None = None) -> DataSourceView: ...

    def archive_source(self, name: str) -> DataSourceView: ...

    def unarchive_source(self, name: str) -> DataSourceView: ...

    def delete_source(self, name: str) -> None: ...

    def attributes(self, *, archived: bool = False) -> list[AttributeView]:
        """All built-in and custom attributes, by name; with `archived` also archived ones."""
        ...

    def attribute(self, name: str) -> AttributeDetailView:
        """The attribute with its rank and the data sources that feed it."""
        ...

    def create_attribute(self, name: str, settings: AttributeChange) -> AttributeView:
        """A custom attribute, new or existing."""
        ...

    def edit_attribute(self, name: str, change: AttributeChange, *, revision: int | None = None) -> AttributeView: ...

    def archive_attribute(self, name: str) -> AttributeView: ...

    def unarchive_attribute(self, name: str) -> AttributeView: ...

    def identifiers(self) -> RankingView:
        """The ranking of identifiers."""
        ...

    def rank_identifiers(self, names: Sequence[str]) -> RankingView: ...
