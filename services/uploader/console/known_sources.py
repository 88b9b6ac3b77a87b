"""The data sources that a page names, which it calls by their display names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.errors import Refused
from services.uploader.console.visits import Visit


def source_names(visit: Visit, names: Iterable[str]) -> dict[str, str]:
    """What the sources are called, by name, as far as the person may know; not those that are deleted by now."""
    if not visit.may(CatalogUseCases.source):
        return {}
    return {name: called for name in set(names) if (called := _called(visit, name))}


def name_for_people(source: DataSource) -> str:
    """The display name of a source; its name if it has no other."""
    return source.display_name or source.name


def all_sources(visit: Visit) -> Iterator[DataSource]:
    """By name, without those that are archived."""
    after = ""
    while found := visit.use_cases.catalog.sources(visit.caller, after=after):
        yield from found
        after = found[-1].name


def _called(visit: Visit, name: str) -> str:
    try:
        return visit.use_cases.catalog.source(visit.caller, name).display_name
    except Refused:
        return ""
