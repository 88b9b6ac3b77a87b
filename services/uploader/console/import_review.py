"""What has arrived of an import's file, as its page shows it: columns with samples and suggestions, and its faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.imports.import_draft import ImportDraft, with_suggestions
from penstock.application.imports.use_cases import can_be_inspected, no_file
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.review import Review
from penstock.domain.errors import Fault
from penstock.domain.files.clean_names import Renamed
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.suggestions import ColumnSuggestion
from penstock.domain.suggestions.newest_rows import LATER_LINE
from services.uploader.console.import_columns import PLEASE_CHECK, ShownColumn, reason_for, shown_column
from services.uploader.console.import_hints import on_page
from services.uploader.console.import_paging import ColumnsPage, columns_page
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.visits import Visit

MAX_PAGE_DIGITS = 4


class Concern(NamedTuple):
    """What speaks against how a column is imported."""

    column: str
    words: str


class Unchecked(NamedTuple):
    """A column that says "Please check", its place among the choices, and why it does."""

    at: int
    column: str
    words: str


class ShownFile(NamedTuple):
    """What has been read of a file: the columns of one page, and of all columns how many need the person, which of them
    are to be checked, and what speaks against those that are imported. `faults` are of the file itself, with the
    options that it is read with; `renamed` are the columns whose names were cleaned, `names` those of all columns.
    `later_line_wins`: people have several rows, and no column says which is the newest."""

    columns: Sequence[ShownColumn]
    page: ColumnsPage
    waiting: int
    unchecked: Sequence[Unchecked]
    concerns: Sequence[Concern]
    faults: Sequence[Fault]
    warnings: Sequence[Fault]
    file_options: FileOptions
    renamed: Mapping[str, Renamed]
    names: Sequence[str]
    later_line_wins: bool = False

    @property
    def has_masked(self) -> bool:
        return any(column.is_masked for column in self.columns)


def reviewed(
    visit: Visit, draft: ImportDraft, *, reveal: bool = False, with_column: str = ""
) -> tuple[ImportDraft, ShownFile | None]:
    """The draft with a choice for each column, and the columns to show; None while too little has arrived."""
    known = known_attributes(visit)
    found = _review(visit, draft, known)
    if found is None:
        return draft, None
    inspection, review = found
    if not draft.request_id:
        draft = visit.use_cases.imports.change(
            visit.caller, draft.draft_id, lambda draft: _with_review(draft, inspection, review)
        )
    names = [choice.column for choice in draft.choices]
    page = columns_page(names, number=page_number(visit), find=visit.form.text("find"), with_column=with_column)
    return draft, shown_file(draft, inspection, review, known, page, reveal=reveal)


def page_number(visit: Visit) -> int:
    """The page of the columns that is asked for, or that was shown."""
    written = visit.request.query_params.get("page") or visit.form.text("page")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= MAX_PAGE_DIGITS else 1


def cells_of(visit: Visit, draft: ImportDraft, known: Mapping[str, Attribute], column: str) -> Sequence[str]:
    """The cells of a column in the sample of the file."""
    found = _review(visit, draft, known)
    return _cells(found[0]).get(column, ()) if found else ()


def shown_file(
    draft: ImportDraft,
    inspection: Inspection,
    review: Review,
    known: Mapping[str, Attribute],
    page: ColumnsPage,
    *,
    reveal: bool,
) -> ShownFile:
    is_told_when = any(choice.spec and choice.spec.as_of for choice in draft.choices)
    suggestions = {
        each.column: _without_later_line(each) if is_told_when else each for each in review.suggested.columns
    }
    cells = _cells(inspection)

    def column_at(at: int) -> ShownColumn:
        choice = draft.choices[at]
        suggestion, samples = suggestions.get(choice.column), cells.get(choice.column, ())
        return shown_column(
            at, choice, suggestion, samples, known, columns=cells, cell_key=draft.cell_key, reveal=reveal
        )

    reasons = [
        (choice, reason_for(choice, suggestions.get(choice.column), cells.get(choice.column, ()), known, cells))
        for choice in draft.choices
    ]
    return ShownFile(
        columns=[column_at(at) for at in page.places],
        page=page,
        waiting=sum(reason.kind == "warn" for _, reason in reasons),
        unchecked=[
            Unchecked(at, choice.column, "; ".join(reason.concerns) or "its attribute is a guess")
            for at, (choice, reason) in enumerate(reasons)
            if reason.label == PLEASE_CHECK
        ],
        concerns=[
            Concern(choice.column, words) for choice, reason in reasons if choice.spec for words in reason.concerns
        ],
        faults=inspection.decompression_faults or _header_faults(review),
        warnings=list(map(on_page, review.warnings)),
        file_options=review.file_options,
        renamed=inspection.renamed(),
        later_line_wins=any(LATER_LINE in words for each in suggestions.values() for words in each.against),
        names=[choice.column for choice in draft.choices],
    )


def _without_later_line(suggestion: ColumnSuggestion) -> ColumnSuggestion:
    """As things are once a column has been chosen that says which row of a person is the newest."""
    return replace(suggestion, against=tuple(each for each in suggestion.against if LATER_LINE not in each))


def _review(visit: Visit, draft: ImportDraft, known: Mapping[str, Attribute]) -> tuple[Inspection, Review] | None:
    """The beginning of the draft's file; None while too little has arrived. It is read again after a while, because
    suggestions also depend on what others do with the data source."""
    file = visit.use_cases.imports.file(visit.caller, draft.draft_id)
    if file is None or not can_be_inspected(file):
        return None
    options = visit.use_cases.uploads.file_options(visit.caller, draft.data_source, draft.file_options)
    attributes = tuple((each.name, each.revision) for each in known.values())
    key = (visit.caller.tenant_id, draft.draft_id, draft.data_source, file.file_id, options, attributes)

    def read() -> tuple[Inspection, Review]:
        inspection = visit.use_cases.imports.inspect(visit.caller, draft.draft_id, options)
        if inspection is None:
            raise no_file()
        return inspection, visit.use_cases.uploads.review(visit.caller, inspection, draft.data_source)

    return visit.services.reviews.get(key, read)


def _cells(inspection: Inspection) -> Mapping[str, Sequence[str]]:
    return dict(zip(inspection.sample.names, inspection.sample.columns, strict=True))


def _header_faults(review: Review) -> Sequence[Fault]:
    """Those that remain with the options that the file needs, which the draft has taken."""
    return () if review.fits else review.faults


def _with_review(draft: ImportDraft, inspection: Inspection, review: Review) -> ImportDraft:
    if not draft.choices:
        draft = replace(draft, file_options=review.needed_options)
    columns = [name for name in inspection.sample.names if name and name not in REJECT_COLUMNS]
    return with_suggestions(draft, columns, review.suggested)
