"""The column that would identify rows which have no identifier, found as suggestions find it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence

from penstock.application.uploads.shared_identifiers import identifier_of_several_people
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, suggestions_for
from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.mapping.mapping import Mapping as SavedMapping
from penstock.domain.profiles.junk_identifiers import JUNK_WORDS
from penstock.domain.suggestions import ColumnSuggestion, Sample
from penstock.domain.suggestions.candidates import IDENTIFIERS
from penstock.domain.suggestions.identifiers import WOULD_MERGE, WOULD_REJECT

MIN_KEPT = 0.01  # share of the rows


def missing_identifier(
    sample: Sample, mapping: SavedMapping, attributes: Mapping[str, Attribute]
) -> ColumnSuggestion | None:
    """The first column of a file that surely identifies people, and is neither an identifier in the mapping nor mapped
    to what never is one, such as a postal code."""
    identifiers = [column for column in mapping.columns if column.identifier]
    taken = {name for column in identifiers for name in (*column.sources, column.attribute)}
    plain = BUILTIN.keys() - IDENTIFIERS
    taken |= {name for column in mapping.columns if column.attribute in plain for name in column.sources}
    found = next(
        (
            each
            for each in suggestions_for(sample, attributes, ()).columns
            if each.identifier and each.confidence >= SUGGESTED_CONFIDENCE and not each.tied_with
            if taken.isdisjoint((each.column, each.attribute.name))
        ),
        None,
    )
    if found is None or not _helps(found.column, sample, identifiers):
        return None
    if _is_shared(found, sample, mapping) or _does_harm(found.column, sample, attributes, identifiers):
        return None
    return found


def is_worth_it(kept: int, rows: int) -> bool:
    """Whether an identifier that keeps so many of the rows is worth an import of its own; a handful is corrected."""
    return kept >= max(1, rows * MIN_KEPT)


def _helps(column: str, sample: Sample, identifiers: Sequence[ColumnMapping]) -> bool:
    """Whether enough rows have a value in the column, and none in the mapping's identifiers but junk."""
    cells = dict(zip(sample.names, sample.columns, strict=True))
    blank = {word.casefold() for each in identifiers for word in each.blanks}
    of_mapping = [cells[name] for each in identifiers for name in each.sources if name in cells]
    lacking = (all(_is_blank(cell, blank) for cell in row) for row in zip(*of_mapping, strict=True))
    kept = sum(lacks and not _is_blank(cell, blank) for lacks, cell in zip(lacking, cells[column], strict=True))
    return is_worth_it(kept, sample.rows)


def _is_blank(cell: str, words: Collection[str]) -> bool:
    found = cell.strip().casefold()
    return not found or found in words or found in JUNK_WORDS


def _is_shared(found: ColumnSuggestion, sample: Sample, mapping: SavedMapping) -> bool:
    """Whether an upload that identifies by the column would be warned that different people share its values."""
    column = ColumnMapping(column=found.column, attribute=found.attribute.name, identifier=True, blanks=found.blanks)
    others = [each for each in mapping.columns if each.column != found.column]
    return bool(identifier_of_several_people([column, *others], sample))


def _does_harm(
    column: str, sample: Sample, attributes: Mapping[str, Attribute], identifiers: Sequence[ColumnMapping]
) -> bool:
    """Whether a column would make people one whom the mapping's identifiers tell apart, or cost more rows than it
    keeps."""
    beside = suggestions_for(sample, attributes, identifiers).columns
    arguments = [against for each in beside if each.column == column for against in each.against]
    return any(harm in against for against in arguments for harm in (WOULD_MERGE, WOULD_REJECT))


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
