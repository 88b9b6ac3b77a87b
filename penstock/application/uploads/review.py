"""The review of an inspected file: its faults, its first rows, and a suggested mapping."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.application.catalog.known_catalog import KnownCatalog, check_uploadable
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.renames import OTHER_LIST
from penstock.application.uploads.source_names import source_name
from penstock.application.uploads.suggesting import AcceptedSuggestions, accept, suggestions_for
from penstock.domain.catalog.data_source import LastFile
from penstock.domain.errors import Fault, Refused, refuse_all
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from penstock.domain.suggestions import SuggestedMapping

MIN_MAPPED = 0.5  # share of a mapping's columns that the next file of its list has


class SourceStep(StrEnum):
    """The command on a data source without which its uploads are refused."""

    CREATE = "create"  # its name is similar to another one's
    UNARCHIVE = "unarchive"


class Review(NamedTuple):
    """An inspected file: its faults, its columns and first rows, and a suggested mapping.

    Everything but the faults and the warnings is as with `file_options`. Of these, the call must declare the
    `needed_options`; `fits`: with them and what is suggested, the file can be ingested, once `source_step` is done.
    `source` is the data source that was named, or one that suits the file.
    """

    compression: str
    faults: list[Fault]
    columns: list[str]
    rows: list[list[str]]
    suggested: SuggestedMapping
    file_options: FileOptions
    warnings: list[Fault]
    fits: bool
    source: str
    source_step: SourceStep | None = None

    @property
    def needed_options(self) -> FileOptions:
        return self.file_options.own


def review(
    inspection: Inspection, catalog: KnownCatalog, limits: Limits, source: str | None, file_name: str = ""
) -> Review:
    """Review a file of `source`, which may be new."""
    columns, *rows = inspection.lines() or [[]]
    mapping = _saved(catalog, source)
    named = source or _source_for(file_name, columns, catalog)
    return Review(
        compression=inspection.compression,
        faults=inspection.faults(mapping, limits),
        columns=columns,
        rows=rows,
        suggested=suggestions_for(
            inspection.sample,
            catalog.attributes(),
            mapping.columns if mapping else (),
            _last_file(catalog, source),
        ),
        file_options=inspection.needed_options,
        warnings=[*inspection.warnings, *_of_another_list(named, mapping, columns)],
        fits=inspection.fits(limits),
        source=named,
        source_step=_source_step(catalog, named),
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
    attributes, mapping = catalog.attributes(), _saved(catalog, source)
    earlier: Sequence[ColumnMapping] = mapping.columns if mapping else ()
    if by_hand:
        with suppress(Refused):  # the check of the whole mapping lists its faults
            attributes, earlier = _with(by_hand, attributes, earlier)
    suggested = suggestions_for(inspection.sample, attributes, earlier, _last_file(catalog, source))
    return accept(suggested, confidence, by_hand, attributes=catalog.attributes())


def _with(
    by_hand: Sequence[ColumnSpec], attributes: Dict[str, Attribute], earlier: Sequence[ColumnMapping]
) -> tuple[Dict[str, Attribute], Sequence[ColumnMapping]]:
    """The attributes and the mapping that suggestions complete, with the columns mapped by hand. Raises `Refused`."""
    resolved = resolve_columns(by_hand, attributes)
    taken = {each.attribute for each in resolved.columns} | {each.column for each in resolved.columns}
    others = [each for each in earlier if taken.isdisjoint((each.attribute, each.column))]
    return {**attributes, **{each.name: each for each in resolved.missing}}, [*resolved.columns, *others]


def _source_for(file_name: str, columns: Sequence[str], catalog: KnownCatalog) -> str:
    """A data source with the name of a file: a new one if that name has another list's mapping."""
    name = source_name(file_name)
    known = catalog.find_source(name)
    if known is None or not (known.archived or _of_another_list(name, _saved(catalog, name), columns)):
        return name
    return source_name(file_name, catalog.source_names())


def _of_another_list(source: str, mapping: Mapping | None, columns: Sequence[str]) -> list[Fault]:
    """A warning about a file that lacks most columns of the mapping of its data source."""
    mapped = {name for column in (mapping.columns if mapping else ()) for name in column.sources}
    found = mapped.intersection(columns)
    if len(found) >= len(mapped) * MIN_MAPPED:
        return []
    return [
        Fault(
            code="few_mapped_columns",
            message=f"the file has {len(found):,} of the {len(mapped):,} columns that the mapping of {source} names",
            hint=OTHER_LIST,
        )
    ]


def _source_step(catalog: KnownCatalog, source: str) -> SourceStep | None:
    try:
        check_uploadable(catalog, source, create=True)
    except Refused as refused:
        return {"unknown_data_source": SourceStep.CREATE, "data_source_archived": SourceStep.UNARCHIVE}.get(
            refused.code
        )
    return None


def _last_file(catalog: KnownCatalog, source: str | None) -> LastFile:
    """The source's last accepted file; without columns if they are not known."""
    found = None if source is None else catalog.find_source(source)
    return (found and found.last_file) or LastFile()


def _saved(catalog: KnownCatalog, source: str | None) -> Mapping | None:
    if source is None or catalog.find_source(source) is None:
        return None
    return catalog.find_mapping(source)
