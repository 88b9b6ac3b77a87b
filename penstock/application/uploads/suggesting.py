"""Suggestions for a file: made from a sample and the catalog, accepted from a given confidence on.

The HTTP API and the command line use the same functions; the command line may run them on another machine, with the
catalog read from the API.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Container, Mapping, Sequence
from typing import NamedTuple

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec, column_specs, options_of
from penstock.application.uploads.renames import check_identifiers
from penstock.domain.catalog.data_source import LastFile
from penstock.domain.catalog.similar_names import SimilarNames
from penstock.domain.errors import refusal
from penstock.domain.files.ndjson import ROW_KEY
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import ColumnSuggestion, KeptColumn, LeftOut, Sample, SuggestedMapping, suggest_mapping

_OPTIONS = re.compile(r"[(|,)]")  # between the words of a format
_WITH_VALUES = re.compile(r"\b(enum|boolean)\(")
SUGGESTED_CONFIDENCE = 0.9  # of what may be accepted without a look at it


class AcceptedSuggestions(NamedTuple):
    """The columns of a mapping, and those left out."""

    columns: list[ColumnSpec]
    left_out: list[LeftOut]


def suggestions_for(
    sample: Sample,
    attributes: Mapping[str, Attribute],
    earlier: Sequence[ColumnMapping],
    last_file: LastFile = LastFile(),
) -> SuggestedMapping:
    """Suggestions for the columns of a file, without those that Penstock adds to reject files."""
    available = {name: attribute for name, attribute in attributes.items() if not attribute.archived}
    return suggest_mapping(
        sample.without((*REJECT_COLUMNS, ROW_KEY)), available, earlier, last_file.columns, last_file.left_out
    )


def accept(
    suggested: SuggestedMapping,
    confidence: float,
    by_hand: Sequence[ColumnSpec] = (),
    *,
    attributes: Collection[str] = BUILTIN,
) -> AcceptedSuggestions:
    """The columns mapped `by_hand`, and the suggestions of at least `confidence` for the others; but none whose new
    attribute has a name similar to that of an existing one among `attributes`.

    Raises `Refused`: no_identifier_suggested without an identifier among them, mapped_identifier_missing when the
    earlier mapping identifies by a column that the file lacks, and `by_hand` has no identifier in its place.
    """
    chosen = any(spec.identifier for spec in by_hand)
    words = {each.column: each.blanks for each in suggested.columns}
    by_hand = [_with_blanks(spec, words.get(spec.column or "", ())) for spec in by_hand]
    several = suggested.kept if chosen else suggested.of_several(confidence)
    by_hand += _of_several(several, {spec.attribute for spec in by_hand})
    columns, taken = {spec.column for spec in by_hand}, {spec.attribute for spec in by_hand}
    existing = SimilarNames(attributes)
    says_when = any(spec.as_of for spec in by_hand)  # only one column can
    accepted: list[ColumnSpec] = []
    left_out = [each for each in suggested.left_out if each.column not in columns]
    for each in suggested.columns:
        if each.column in columns:
            continue
        reason = _reason_against(each, confidence, taken) or _too_similar(each, attributes, existing)
        if reason:
            left_out.append(LeftOut(each.column, reason))
        else:
            spec = column_spec(each)
            accepted.append(msgspec.structs.replace(spec, as_of=spec.as_of and not says_when))
    specs = [*by_hand, *accepted]
    if not any(spec.identifier for spec in specs):
        raise refusal(
            "no_identifier_suggested",
            f"no column with a confidence of {confidence:g} or more identifies a person",
            f"Map one by hand, such as {_example(suggested)}, or accept a lower confidence.",
        )
    if not chosen:
        check_identifiers(suggested, specs)
    return AcceptedSuggestions(specs, left_out)


def _with_blanks(spec: ColumnSpec, words: tuple[str, ...]) -> ColumnSpec:
    """A column mapped by hand, with the words for blank that are suggested for it, if it has none of its own. A word of
    its format is none."""
    if spec.blanks or spec.split is not None:
        return spec
    of_format = {word.strip().casefold() for word in _OPTIONS.split(spec.format or "")}
    return msgspec.structs.replace(spec, blanks=tuple(word for word in words if word.casefold() not in of_format))


def _example(suggested: SuggestedMapping) -> str:
    """The option that marks a column of the file as an identifier: the likeliest one, or the first."""
    columns = suggested.columns
    likeliest = next((each for each in columns if each.identifier), columns[0] if columns else None)
    named = f"{likeliest.column}={likeliest.attribute.name}!" if likeliest else "customer_number=crmid!"
    return f"--map {shlex.quote(named)}"


def storable(left_out: Sequence[LeftOut]) -> list[LeftOut]:
    """As a record may hold them: without the options and words of a format, which are values of the file."""
    return [
        each._replace(reason=each.reason.partition(": ")[0]) if _WITH_VALUES.search(each.reason) else each
        for each in left_out
    ]


def column_spec(suggestion: ColumnSuggestion) -> ColumnSpec:
    """A suggestion as a column of a mapping; an earlier column keeps its options."""
    if suggestion.earlier is not None:
        options = options_of(suggestion.earlier)
        options["blanks"] = tuple(dict.fromkeys((*suggestion.earlier.blanks, *suggestion.blanks)))
        options["values"] = suggestion.values
    else:
        options = {
            "column": suggestion.column,
            "identifier": suggestion.identifier,
            "on_misfit": suggestion.on_misfit,
            "blanks": suggestion.blanks,
            "values": suggestion.values,
            "trim": suggestion.trim,
            "as_of": suggestion.as_of,
        }
    return ColumnSpec(
        attribute=suggestion.attribute.name, pii=suggestion.pii or None, format=str(suggestion.format), **options
    )


def _of_several(columns: Sequence[KeptColumn], taken: Container[str]) -> Sequence[ColumnSpec]:
    """Columns that are not those of the file, unless their attribute is mapped by hand."""
    kept = [each for each in columns if each.attribute.name not in taken]
    return column_specs([each.mapping for each in kept], [each.attribute for each in kept])


def _reason_against(suggestion: ColumnSuggestion, confidence: float, taken: set[str]) -> str | None:
    """Why a suggestion is not accepted."""
    if suggestion.attribute.name in taken:
        return f"another column is mapped to {suggestion.attribute.name}"
    if suggestion.tied_with:
        return f"{', '.join(suggestion.tied_with)} could feed {suggestion.attribute.name} as well: choose one"
    if suggestion.confidence < confidence:
        why = "; ".join(suggestion.against or suggestion.evidence)
        return f"{suggestion.attribute.name} has a confidence of {suggestion.confidence:g} only: {why}"
    return None


def _too_similar(suggestion: ColumnSuggestion, attributes: Collection[str], existing: SimilarNames) -> str | None:
    """A person has to decide whether an attribute is new or mistyped."""
    name = suggestion.attribute.name
    similar = None if name in attributes else existing.similar_to(name)
    return None if similar is None else f"a new attribute {name} would be similar to {similar}: map it by hand"
