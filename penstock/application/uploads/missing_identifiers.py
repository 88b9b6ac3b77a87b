"""The column that would identify rows which have no identifier, found as suggestions find it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, suggestions_for
from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.mapping.mapping import Mapping as SavedMapping
from penstock.domain.suggestions import ColumnSuggestion, Sample
from penstock.domain.suggestions.identifiers import WOULD_MERGE


def missing_identifier(
    sample: Sample, mapping: SavedMapping, attributes: Mapping[str, Attribute]
) -> ColumnSuggestion | None:
    """The first column of a file that surely identifies people, and is no identifier in the mapping."""
    identifiers = [column for column in mapping.columns if column.identifier]
    taken = {name for column in identifiers for name in (*column.sources, column.attribute)}
    found = next(
        (
            each
            for each in suggestions_for(sample, attributes, ()).columns
            if each.identifier and each.confidence >= SUGGESTED_CONFIDENCE and not each.tied_with
            if taken.isdisjoint((each.column, each.attribute.name))
        ),
        None,
    )
    return None if found is None or _merges(found.column, sample, attributes, identifiers) else found


def _merges(
    column: str, sample: Sample, attributes: Mapping[str, Attribute], identifiers: Sequence[ColumnMapping]
) -> bool:
    """Whether a column would make people one whom the mapping's identifiers tell apart."""
    beside = suggestions_for(sample, attributes, identifiers).columns
    return any(WOULD_MERGE in against for each in beside if each.column == column for against in each.against)


def map_of(suggested: ColumnSuggestion) -> str:
    """The option that maps a column as the identifier that is suggested."""
    pii = ":pii" if suggested.pii and not suggested.exists else ""
    return f"--map {shlex.quote(f'{suggested.column}={suggested.attribute.name}!{pii}')}"


def rows_without_identifier(suggested: ColumnSuggestion, kept: int, rejected: int) -> Fault:
    """A warning that names the column with which `kept` of the `rejected` rows would be ingested."""
    return Fault(
        code="rows_without_identifier",
        message=f"{kept:,} of the {rejected:,} rows without an identifier have one in {suggested.column!r}: "
        f"{'; '.join(suggested.evidence)}",
        hint=f"{map_of(suggested)} would keep {kept:,} rows.",
        column=suggested.column,
    )
