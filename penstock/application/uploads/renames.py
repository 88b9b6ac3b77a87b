"""Columns of the saved mapping that a file lacks, and the columns that they most likely became."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from penstock.application.catalog.column_specs import ColumnSpec, options_of
from penstock.domain.errors import Fault, Refused
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import SuggestedMapping
from penstock.domain.suggestions.suggestion import Change

OTHER_LIST = "If it is another list, use another data source (another --source)."


def renamed_columns(suggested: SuggestedMapping) -> list[ColumnSpec]:
    """The mapped columns under their new names, with their options, unless what is suggested feeds the same."""
    feeds = {each.column: (each.attribute.name, each.identifier) for each in suggested.columns}
    return [
        _renamed(each.mapped, each.renamed_to)
        for each in suggested.changes
        if each.mapped and each.renamed_to and each.mapped.column == each.column
        if feeds.get(each.renamed_to) != (each.mapped.attribute, each.mapped.identifier)
    ]


def check_identifiers(suggested: SuggestedMapping, columns: Sequence[ColumnSpec]) -> None:
    """Raise `Refused` (mapped_identifier_missing) when the saved mapping identifies people by a column that the file
    lacks, and none of `columns` feeds the same identifier: identified otherwise, each would be a new person."""
    fed = {spec.attribute for spec in columns if spec.identifier}
    missing = [
        each for each in suggested.changes if each.mapped and each.mapped.identifier and each.attribute not in fed
    ]
    if missing:
        raise Refused([_missing(each) for each in missing], code="mapped_identifier_missing")


def _renamed(mapped: ColumnMapping, name: str) -> ColumnSpec:
    options = options_of(mapped) | {"column": name}
    format = str(mapped.format) if mapped.format else None
    return ColumnSpec(attribute=mapped.attribute, pii=mapped.pii or None, format=format, **options)


def _missing(change: Change) -> Fault:
    option = "--map " + shlex.quote(f"{change.renamed_to or 'COLUMN'}={change.attribute}!")
    renamed = f"Renamed to {change.renamed_to}? Then add {option}." if change.renamed_to else f"Add {option}."
    return Fault(
        code="mapped_identifier_missing",
        message=f"the saved mapping identifies people by the column {change.column!r}, which the file lacks",
        hint=f"{OTHER_LIST} {renamed} To identify them by other columns from now on, map these by hand.",
        column=change.column,
    )
