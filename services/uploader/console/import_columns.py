"""The columns of an import as its page shows them: samples, what was chosen, and why that was suggested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft, needs_person, with_suggestions
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.review import Review
from penstock.domain.dry_run.first_rows import masked
from penstock.domain.errors import Fault
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.suggestions import ColumnSuggestion
from penstock.domain.suggestions.fitting import DO_NOT_FIT
from services.uploader.console.format_choices import FormatChoice, format_choices
from services.uploader.console.rendering import share
from services.uploader.console.visits import Visit

SHOWN_COLUMNS = 300  # each has a list of all attributes
SAMPLES = 3
_SAMPLE = 40  # characters
_LEFT_OUT = " and would be left out"
_MARK_PERSONAL = ": add :pii"


class ShownColumn(NamedTuple):
    """`at` is its place among the choices. `kind` and `label` are those of the chip.

    `concerns` are what speaks against the suggestion, `why` what speaks for it.
    `offered` is an attribute that would be new, "" if there is none. `fits` is the attribute that `format` is for.
    """

    at: int
    choice: ColumnChoice
    filled: str
    samples: Sequence[str]
    is_masked: bool
    is_personal: bool
    needs_person: bool
    kind: str
    label: str
    concerns: Sequence[str]
    why: Sequence[str]
    offered: str
    fits: str
    format: str
    formats: Sequence[FormatChoice]


class ShownFile(NamedTuple):
    """What has been read of a file. `faults` are of the file itself, with the options that it is read with."""

    columns: Sequence[ShownColumn]
    left_out: int
    faults: Sequence[Fault]
    warnings: Sequence[Fault]
    file_options: FileOptions
    has_masked: bool

    @property
    def waiting(self) -> int:
        """How many columns need the person."""
        return sum(column.needs_person for column in self.columns)


def reviewed(visit: Visit, draft: ImportDraft, *, reveal: bool = False) -> tuple[ImportDraft, ShownFile | None]:
    """The draft with a choice for each column, and the columns to show; None while too little has arrived."""
    options = visit.use_cases.uploads.file_options(visit.caller, draft.data_source, draft.file_options)
    inspection = visit.use_cases.imports.inspect(visit.caller, draft.draft_id, options)
    if inspection is None:
        return draft, None
    review = visit.use_cases.uploads.review(visit.caller, inspection, draft.data_source)
    if not draft.request_id:
        draft = visit.use_cases.imports.change(
            visit.caller, draft.draft_id, lambda draft: _with_review(draft, inspection, review)
        )
    return draft, shown_file(draft, inspection, review, known_attributes(visit), reveal=reveal)


def known_attributes(visit: Visit) -> dict[str, Attribute]:
    """All attributes that a column can feed, by name."""
    found: list[Attribute] = []
    while page := visit.use_cases.catalog.attributes(visit.caller, after=found[-1].name if found else ""):
        found += page
    return {attribute.name: attribute for attribute in found}


def shown_file(
    draft: ImportDraft, inspection: Inspection, review: Review, known: Mapping[str, Attribute], *, reveal: bool
) -> ShownFile:
    suggestions = {each.column: each for each in review.suggested.columns}
    cells = dict(zip(inspection.sample.names, inspection.sample.columns, strict=True))
    columns = [
        shown_column(at, choice, suggestions.get(choice.column), cells.get(choice.column, ()), known, reveal=reveal)
        for at, choice in enumerate(draft.choices[:SHOWN_COLUMNS])
    ]
    return ShownFile(
        columns=columns,
        left_out=max(0, len(draft.choices) - SHOWN_COLUMNS),
        faults=inspection.decompression_faults or _header_faults(review),
        warnings=review.warnings,
        file_options=review.file_options,
        has_masked=any(column.is_masked for column in columns),
    )


def _header_faults(review: Review) -> Sequence[Fault]:
    """Those that remain with the options that the file needs, which the draft has taken."""
    return () if review.fits else review.faults


def _with_review(draft: ImportDraft, inspection: Inspection, review: Review) -> ImportDraft:
    if not draft.choices:
        draft = replace(draft, file_options=review.needed_options)
    columns = [name for name in inspection.sample.names if name and name not in REJECT_COLUMNS]
    return with_suggestions(draft, columns, review.suggested)


def shown_column(
    at: int,
    choice: ColumnChoice,
    suggestion: ColumnSuggestion | None,
    cells: Sequence[str],
    known: Mapping[str, Attribute],
    *,
    reveal: bool,
) -> ShownColumn:
    filled = [cell for cell in cells if cell.strip()]
    attribute = known.get(choice.spec.attribute) if choice.spec else None
    is_personal = bool(choice.spec and choice.spec.pii) or bool(attribute and attribute.pii)
    may_be_personal = is_personal or bool(suggestion and suggestion.pii)
    kind, label, concerns, why = _reason(choice, suggestion)
    return ShownColumn(
        at=at,
        choice=choice,
        filled=share(len(filled), len(cells)),
        samples=[_sample(cell, may_be_personal and not reveal) for cell in filled[:SAMPLES]],
        is_masked=may_be_personal and not reveal and bool(filled),
        is_personal=is_personal,
        needs_person=kind == "warn",
        kind=kind,
        label=label,
        concerns=concerns,
        why=why,
        offered=_offered(choice, suggestion, known),
        fits=_fits(choice, suggestion),
        format=_format(choice, suggestion),
        formats=_formats(choice, suggestion, attribute),
    )


def _sample(cell: str, is_masked: bool) -> str:
    return masked(cell) if is_masked else cell[:_SAMPLE] + "…" * (len(cell) > _SAMPLE)


class _Reason(NamedTuple):
    kind: str
    label: str
    concerns: Sequence[str] = ()
    why: Sequence[str] = ()


def _reason(choice: ColumnChoice, suggestion: ColumnSuggestion | None) -> _Reason:
    spec = choice.spec
    if suggestion is None:
        return _Reason("", "Your choice") if spec else _Reason("warn", "No match")
    if not suggestion.exists and needs_person(suggestion):
        kind, label = ("", "Your choice") if spec else ("warn", "No match")
        return _Reason(kind, label, concerns_of(spec, suggestion), suggestion.evidence)
    if spec is None and not suggestion.tied_with:
        return _Reason("", "Not imported", (), [f"It looks like {suggestion.attribute.display_name}."])
    if spec is not None and (spec.attribute, spec.format) != (suggestion.attribute.name, str(suggestion.format)):
        return _Reason("", "Your choice")
    if suggestion.tied_with:
        return _Reason("warn", "Please check", [f"{', '.join(suggestion.tied_with)} fits as well."])
    concerns = concerns_of(spec, suggestion)
    if concerns or needs_person(suggestion):
        return _Reason("warn", "Please check", concerns, suggestion.evidence)
    if suggestion.earlier is not None:
        return _Reason("ok", "Same as last time")
    return _Reason("ok", "Fits" if suggestion.exists else "New attribute", (), suggestion.evidence)


def concerns_of(spec: ColumnSpec | None, suggestion: ColumnSuggestion) -> list[str]:
    """What speaks against a suggestion, given what the person has chosen since."""
    against = [each for each in suggestion.against if not (spec and spec.pii and each.endswith(_MARK_PERSONAL))]
    return [_on_page(each, drops=spec is not None and spec.on_misfit is OnMisfit.DROP) for each in against]


def _on_page(against: str, *, drops: bool) -> str:
    """With what the column does to cells that do not fit, and with the page's control instead of an option."""
    cells = against.removesuffix(_LEFT_OUT)
    if cells.endswith(DO_NOT_FIT):
        return cells + (_LEFT_OUT if drops else "; their rows would be rejected")
    if against.endswith(_MARK_PERSONAL):
        return against.removesuffix(_MARK_PERSONAL) + ": tick Personal"
    return against


def _offered(choice: ColumnChoice, suggestion: ColumnSuggestion | None, known: Mapping[str, Attribute]) -> str:
    names = [choice.spec.attribute if choice.spec else "", suggestion.attribute.name if suggestion else ""]
    return next((name for name in names if name and name not in known), "")


def _fits(choice: ColumnChoice, suggestion: ColumnSuggestion | None) -> str:
    if choice.spec is not None:
        return choice.spec.attribute
    return suggestion.attribute.name if suggestion else ""


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
