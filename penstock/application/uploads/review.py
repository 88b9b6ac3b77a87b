"""The review of an inspected file: its faults, its first rows, and a suggested mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import KnownCatalog
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.suggesting import AcceptedSuggestions, accept, suggestions_for
from penstock.domain.errors import Fault, NotFound, refuse_all
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, Mapping
from penstock.domain.suggestions import SuggestedMapping


class Review(NamedTuple):
    """An inspected file: its faults, its columns and first rows, and a suggested mapping.

    Everything but the faults is as with `needed_options`; `fits`: with these, the file can be ingested.
    """

    compression: str
    faults: list[Fault]
    columns: list[str]
    rows: list[list[str]]
    suggested: SuggestedMapping
    needed_options: FileOptions
    fits: bool


def review(inspection: Inspection, catalog: KnownCatalog, limits: Limits, source: str | None) -> Review:
    """Review a file of `source`, which may be new."""
    columns, *rows = inspection.lines() or [[]]
    mapping = _saved(catalog, source)
    return Review(
        compression=inspection.compression,
        faults=inspection.faults(mapping, limits),
        columns=columns,
        rows=rows,
        suggested=suggestions_for(inspection.sample, catalog.attributes(), mapping.columns if mapping else ()),
        needed_options=inspection.needed_options,
        fits=inspection.fits(mapping, limits),
    )


def accept_for(
    inspection: Inspection,
    catalog: KnownCatalog,
    limits: Limits,
    source: str,
    confidence: float,
    by_hand: Sequence[ColumnSpec],
) -> AcceptedSuggestions:
    """The columns mapped `by_hand`, and suggestions of at least `confidence` for a file of `source`.

    Raises `Refused` with every fault of the header, or when no column is an identifier.
    """
    refuse_all(inspection.faults(None, limits))
    suggested = review(inspection, catalog, limits, source).suggested
    return accept(suggested, confidence, by_hand, attributes=catalog.attributes())


def _saved(catalog: KnownCatalog, source: str | None) -> Mapping | None:
    if source is None or catalog.find_source(source) is None:
        return None
    try:
        return catalog.mapping(source)
    except NotFound:
        return None
