"""The columns of an import as its page shows them: samples, what was chosen, and why that was suggested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, needs_person
from penstock.application.uploads.suggesting import column_spec
from penstock.domain.dry_run.first_rows import masked
from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType, parse_format
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.suggestions import ColumnSuggestion
from penstock.domain.suggestions.choosing import WOULD_DROP, WOULD_REJECT, WOULD_REJECT_ONE
from penstock.domain.suggestions.fitting import DO_NOT_FIT
from penstock.domain.suggestions.newest_rows import MARKED
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.texts import misspelling
from services.uploader.console.format_choices import FormatChoice, format_choices, format_in_words
from services.uploader.console.import_values import NO_COLUMNS, ShownValueMap, cells_that_do_not_fit, shown_value_map
from services.uploader.console.rendering import share

SAMPLES = 3
WORDS = 3
_SAMPLE = 40  # characters
_MARK_PERSONAL = ": add :pii"
_MERGE = ": map it with ! as well to merge them"
_MISSPELT = ": a value map corrects them"
_FORMAT = re.compile(rf"\b(?:{'|'.join(ValueType)})\([^()]*\)")
_CONTROLS = {
    _MARK_PERSONAL: ": tick Personal",
    _MERGE: ": tick Identifier to merge them",
    _MISSPELT: ": say below the format what they mean",
    MARKED: "has “Time of the last change” ticked below its format",
}


class ShownColumn(NamedTuple):
    """`at` is its place among the choices. `kind` and `label` are those of the chip.

    `filled` is the share of its cells that are, `blanks` those that are a word for blank, "" if none is; `unfitting`
    some that do not fit, masked as the samples are. `has_times`: it can say when its rows were last changed. `concerns`
    are what speaks against the suggestion, `why` what speaks for it. `offered` is an attribute that would be new, "" if
    there is none; `format` is for the one of `fits`.
    """

    at: int
    choice: ColumnChoice
    filled: str
    blanks: str
    unfitting: Sequence[str]
    samples: Sequence[str]
    is_masked: bool
    is_personal: bool
    has_times: bool
    needs_person: bool
    kind: str
    label: str
    concerns: Sequence[str]
    why: Sequence[str]
    offered: str
    fits: str
    format: str
    formats: Sequence[FormatChoice]
    values: ShownValueMap


def shown_column(
    at: int,
    choice: ColumnChoice,
    suggestion: ColumnSuggestion | None,
    cells: Sequence[str],
    known: Mapping[str, Attribute],
    *,
    columns: Mapping[str, Sequence[str]] = NO_COLUMNS,
    cell_key: str,
    reveal: bool,
) -> ShownColumn:
    """`columns` are those of the sample, for a format that needs two of them."""
    written = Cells(choice.column, cells)
    words = written.without(choice.spec.blanks if choice.spec else ())
    filled = [cell for cell in words.cells if cell.strip()]
    attribute = known.get(choice.spec.attribute) if choice.spec else None
    is_personal = bool(choice.spec and choice.spec.pii) or bool(attribute and attribute.pii)
    is_masked = (is_personal or bool(suggestion and suggestion.pii)) and not reveal
    kind, label, concerns, why = reason_for(choice, suggestion, cells, known, columns)
    format = _format_read(choice.spec, known)
    return ShownColumn(
        at=at,
        choice=choice,
        filled=share(len(filled), len(cells)),
        blanks=_blanks(written, words),
        unfitting=_unfitting(choice.spec, format, cells, columns, is_masked=is_masked) if concerns else (),
        samples=[_sample(cell, is_masked=is_masked) for cell in filled[:SAMPLES]],
        is_masked=is_masked and bool(filled),
        is_personal=is_personal,
        has_times=format is not None and format.kind in (ValueType.DATE, ValueType.DATETIME),
        needs_person=kind == "warn",
        kind=kind,
        label=label,
        concerns=concerns,
        why=why,
        offered=_offered(choice, suggestion, known),
        fits=_fits(choice, suggestion),
        format=_format(choice, suggestion),
        formats=_formats(choice, suggestion, attribute),
        values=shown_value_map(cell_key, choice.spec, format, cells, partial(_sample, is_masked=is_masked))
        if choice.spec and format
        else ShownValueMap(),
    )


def _blanks(cells: Cells, words: Cells) -> str:
    """The cells that only a word makes blank: `23 blank: n/a, 00.00.0000`."""
    count = cells.filled - words.filled
    return f"{count:,} blank: {', '.join(list(cells.distinct - words.distinct)[:WORDS])}" if count else ""


def _unfitting(
    spec: ColumnSpec | None,
    format: ValueFormat | None,
    cells: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    *,
    is_masked: bool,
) -> list[str]:
    found = cells_that_do_not_fit(spec, format, cells, columns) if spec and format else None
    return [_sample(cell, is_masked=is_masked) for cell, _ in (found or Counter[str]()).most_common(WORDS)]


def _sample(cell: str, *, is_masked: bool) -> str:
    return masked(cell) if is_masked else cell[:_SAMPLE] + "…" * (len(cell) > _SAMPLE)


class Reason(NamedTuple):
    kind: str
    label: str
    concerns: Sequence[str] = ()
    why: Sequence[str] = ()


OWN_CHOICE = Reason("", "Your choice")
PLEASE_CHECK = "Please check"


def reason_for(
    choice: ColumnChoice,
    suggestion: ColumnSuggestion | None,
    cells: Sequence[str],
    known: Mapping[str, Attribute],
    columns: Mapping[str, Sequence[str]] = NO_COLUMNS,
) -> Reason:
    """What is to be said of a column. Cells that do not fit are counted for what the person has chosen: for another
    attribute or format, and for a list of values as they are matched now."""
    reason, spec = _of_suggestion(choice, suggestion), choice.spec
    format = _format_read(spec, known)
    is_list = format is not None and format.kind in (ValueType.ENUM, ValueType.BOOLEAN)
    if spec is None or format is None or not (is_list or reason == OWN_CHOICE):
        return reason
    found = cells_that_do_not_fit(spec, format, cells, columns)
    if found is None:
        return reason
    unmatched = found.total()
    others = [each for each in reason.concerns if DO_NOT_FIT not in each]
    if unmatched:
        does = "does" if unmatched == 1 else "do"
        concern = _on_page(f"{unmatched:,} {does}{DO_NOT_FIT}", drops=spec.on_misfit is OnMisfit.DROP)
        return Reason("warn", PLEASE_CHECK, [concern, *others], reason.why)
    if others or len(others) == len(reason.concerns):
        return reason._replace(concerns=others)
    return Reason("", "Your choice", (), reason.why)


def _of_suggestion(choice: ColumnChoice, suggestion: ColumnSuggestion | None) -> Reason:
    spec = choice.spec
    if suggestion is None:
        return OWN_CHOICE if spec else Reason("warn", "No match")
    if not suggestion.exists and needs_person(suggestion):
        kind, label = ("", "Your choice") if spec else ("warn", "No match")
        return Reason(kind, label, concerns_of(spec, suggestion), suggestion.evidence)
    if spec is None and not suggestion.tied_with:
        name = suggestion.attribute.display_name
        what = f"It looks like {name}." if suggestion.exists else f"It could be a new attribute, {name}."
        return Reason("", "Not imported", (), [what])
    if spec is not None and (spec.attribute, spec.format) != (suggestion.attribute.name, str(suggestion.format)):
        return OWN_CHOICE
    if suggestion.tied_with:
        return Reason("warn", PLEASE_CHECK, [f"{', '.join(suggestion.tied_with)} fits as well."])
    concerns = concerns_of(spec, suggestion)
    if concerns or needs_person(suggestion):
        return Reason("warn", PLEASE_CHECK, concerns, suggestion.evidence)
    if suggestion.earlier is not None:
        return Reason("ok", "Same as last time") if spec is None or _is_same(spec, suggestion) else OWN_CHOICE
    return Reason("ok", "Fits" if suggestion.exists else "New attribute", (), suggestion.evidence)


def _is_same(spec: ColumnSpec, suggestion: ColumnSuggestion) -> bool:
    """Whether a column is as it was suggested; one of a personal attribute is personal whatever it says itself."""
    same = column_spec(suggestion)
    is_personal = suggestion.attribute.pii
    return replace(spec, pii=bool(spec.pii) or is_personal) == replace(same, pii=bool(same.pii) or is_personal)


def concerns_of(spec: ColumnSpec | None, suggestion: ColumnSuggestion) -> list[str]:
    """What speaks against a suggestion, given what the person has chosen since."""
    if spec is None:
        return [_on_page(each, drops=False) for each in suggestion.against]
    done = [option for option, is_done in ((_MARK_PERSONAL, spec.pii), (_MERGE, spec.identifier)) if is_done]
    mapped = [misspelling(cell) for cell in spec.values]
    against = [
        each
        for each in suggestion.against
        if not any(map(each.endswith, done)) and not any(cell in each for cell in mapped)
    ]
    return [_on_page(each, drops=spec.on_misfit is OnMisfit.DROP) for each in against]


def _on_page(against: str, *, drops: bool) -> str:
    """With what the column does to cells that do not fit, with the page's control instead of an option, and with
    formats in words."""
    against = _FORMAT.sub(lambda found: format_in_words(found[0]), against)
    cells = against.removesuffix(WOULD_DROP).removesuffix(WOULD_REJECT).removesuffix(WOULD_REJECT_ONE)
    if cells.endswith(DO_NOT_FIT):
        return cells + (WOULD_DROP if drops else WOULD_REJECT_ONE if cells.startswith("1 ") else WOULD_REJECT)
    for option, control in _CONTROLS.items():
        against = against.replace(option, control)
    return against


def _offered(choice: ColumnChoice, suggestion: ColumnSuggestion | None, known: Mapping[str, Attribute]) -> str:
    names = [choice.spec.attribute if choice.spec else "", suggestion.attribute.name if suggestion else ""]
    return next((name for name in names if name and name not in known), "")


def _fits(choice: ColumnChoice, suggestion: ColumnSuggestion | None) -> str:
    if choice.spec is not None:
        return choice.spec.attribute
    return suggestion.attribute.name if suggestion else ""


def _format_read(spec: ColumnSpec | None, known: Mapping[str, Attribute]) -> ValueFormat | None:
    """The format that the cells of a column are read in; None for one that there is not."""
    if spec is None:
        return None
    if not spec.format:
        return known[spec.attribute].format if spec.attribute in known else ValueFormat()
    try:
        return parse_format(spec.format)
    except Refused:
        return None


def _format(choice: ColumnChoice, suggestion: ColumnSuggestion | None) -> str:
    if choice.spec is not None:
        return choice.spec.format or ""
    return str(suggestion.format) if suggestion else ""


def _formats(
    choice: ColumnChoice, suggestion: ColumnSuggestion | None, attribute: Attribute | None
) -> Sequence[FormatChoice]:
    """Those of the attribute that was chosen; the suggested format is for the suggested attribute."""
    fits = suggestion is not None and _fits(choice, suggestion) == suggestion.attribute.name
    if choice.spec is None and suggestion is not None and suggestion.exists:
        attribute = suggestion.attribute
    return format_choices(_format(choice, suggestion), str(suggestion.format) if suggestion and fits else "", attribute)
