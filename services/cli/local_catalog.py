"""The catalog of a system that this process has opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.attributes import (
    AttributeDetailView,
    AttributeView,
    RankingView,
    attribute_detail_view,
    attribute_view,
    ranking_view,
)
from penstock.documents.data_sources import DataSourceView, source_view
from penstock.domain.access.permissions import Caller
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import Attribute
from services.cli.catalog_client import CatalogClient

T = TypeVar("T", DataSource, Attribute)


class LocalCatalog(CatalogClient):
    def __init__(self, use_cases: CatalogUseCases, caller: Caller) -> None:
        self._catalog, self._caller = use_cases, caller

    def sources(self, *, archived: bool = False) -> list[DataSourceView]:
        found = _all(lambda after: self._catalog.sources(self._caller, after=after, archived=archived))
        return [source_view(each) for each in found]

    def source(self, name: str) -> DataSourceView:
        return source_view(self._catalog.source(self._caller, name))

    def create_source(self, name: str, settings: SourceChange = SourceChange()) -> DataSourceView:
        return source_view(self._catalog.create_source(self._caller, name, settings))

    def edit_source(self, name: str, change: SourceChange, *, revision: int | None = None) -> DataSourceView:
        return source_view(self._catalog.edit_source(self._caller, name, change, revision=revision))

    def archive_source(self, name: str) -> DataSourceView:
        return source_view(self._catalog.archive_source(self._caller, name))

    def unarchive_source(self, name: str) -> DataSourceView:
        return source_view(self._catalog.unarchive_source(self._caller, name))

    def delete_source(self, name: str) -> None:
        self._catalog.delete_source(self._caller, name)

    def attributes(self, *, archived: bool = False) -> list[AttributeView]:
        found = _all(lambda after: self._catalog.attributes(self._caller, after=after, archived=archived))
        return [attribute_view(each) for each in found]

    def attribute(self, name: str) -> AttributeDetailView:
        return attribute_detail_view(self._catalog.attribute(self._caller, name))

    def create_attribute(self, name: str, settings: AttributeChange) -> AttributeView:
        return attribute_view(self._catalog.create_attribute(self._caller, name, settings))

    def edit_attribute(self, name: str, change: AttributeChange, *, revision: int | None = None) -> AttributeView:
        return attribute_view(self._catalog.edit_attribute(self._caller, name, change, revision=revision))

    def archive_attribute(self, name: str) -> AttributeView:
        return attribute_view(self._catalog.archive_attribute(self._caller, name))

    def unarchive_attribute(self, name: str) -> AttributeView:
        return attribute_view(self._catalog.unarchive_attribute(self._caller, name))

    def identifiers(self) -> RankingView:
        return ranking_view(self._catalog.identifiers(self._caller))

    def rank_identifiers(self, names: Sequence[str]) -> RankingView:
        return ranking_view(self._catalog.rank_identifiers(self._caller, names))


def _all(page: Callable[[str], list[T]]) -> list[T]:
    """The entries of all pages, of which each begins after a name."""
    found = page("")
    while found and len(found) % MAX_PAGE == 0:
        more = page(found[-1].name)
        found += more
        if not more:
            break
    return found
