"""The review of an inspected file: its faults, its first rows, and a suggested mapping."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import KnownCatalog, check_uploadable
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.suggesting import AcceptedSuggestions, accept, suggestions_for
from penstock.domain.errors import Fault, NotFound, Refused, refuse_all
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Limits, Mapping
from penstock.domain.suggestions import SuggestedMapping

NEW_SOURCE = "customers"  # in the commands that are shown, when no source is named


class SourceStep(StrEnum):
    """The command on a data source without which its uploads are refused."""

    CREATE = "create"  # its name is similar to another one's
    UNARCHIVE = "unarchive"


class Review(NamedTuple):
    """An inspected file: its faults, its columns and first rows, and a suggested mapping.

    Everything but the faults and the warnings is as with `file_options`. Of these, the call must declare the
    `needed_options`; `fits`: with them and what is suggested, the file can be ingested, once `source_step` is done.
    """

    compression: str
    faults: list[Fault]
    columns: list[str]
    rows: list[list[str]]
    suggested: SuggestedMapping
    file_options: FileOptions
    warnings: list[Fault]
    fits: bool
    source_step: SourceStep | None = None

    @property
    def needed_options(self) -> FileOptions:
        return self.file_options.own


def review(inspection: Inspection, catalog: KnownCatalog, limits: Limits, source: str | None) -> Review:
    """Review a file of `source`, which may be new."""
    columns, *rows = inspection.lines() or [[]]
    mapping = _saved(catalog, source)
    return Review(
        compression=inspection.compression,
        faults=inspection.faults(mapping, limits),
        columns=columns,
        rows=rows,
        suggested=suggestions_for(
            inspection.sample,
            catalog.attributes(),
            mapping.columns if mapping else (),
            _last_columns(catalog, source),
        ),
        file_options=inspection.needed_options,
        warnings=inspection.warnings,
        fits=inspection.fits(limits),
        source_step=_source_step(catalog, source or NEW_SOURCE),
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


def _source_step(catalog: KnownCatalog, source: str) -> SourceStep | None:
    try:
        check_uploadable(catalog, source, create=True)
    except Refused as refused:
        return {"unknown_data_source": SourceStep.CREATE, "data_source_archived": SourceStep.UNARCHIVE}.get(
            refused.code
        )
    return None


def _last_columns(catalog: KnownCatalog, source: str | None) -> Sequence[str]:
    """The columns of the source's last accepted file, if they are known."""
    found = None if source is None else catalog.find_source(source)
    return found.last_file.columns if found and found.last_file else ()


def _saved(catalog: KnownCatalog, source: str | None) -> Mapping | None:
    if source is None or catalog.find_source(source) is None:
        return None
    try:
        return catalog.mapping(source)
    except NotFound:
        return None
