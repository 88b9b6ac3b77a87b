"""A page of rejected rows, as the API and the command line return it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

from penstock.application.requests.reject_rows import RejectPage, RejectRow
from penstock.domain.files.line_set import LineSet
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.mapping.attributes import ValueFormat


class ReasonView(TypedDict):
    """Why a row was rejected; `column` is the cause, unless all of the row is."""

    code: str
    column: NotRequired[str]
    message: str
    hint: str


class RejectedRowView(TypedDict):
    """`line` is its line in the file, null in a corrected file that does not say which line it corrects. There may be
    more or fewer `cells` than columns. `is_corrected`: a child has corrected it."""

    line: int | None
    reasons: list[ReasonView]
    cells: list[str]
    is_corrected: bool


class RejectedRowsPage(TypedDict):
    """`is_masked`: of cells that may be personal, only the first letter is there. `next` goes into `after` for the next
    page; null when this is the last one."""

    request_id: str
    columns: list[str]
    rows: list[RejectedRowView]
    is_masked: bool
    next: str | None


def rejected_rows_page(request_id: str, page: RejectPage, corrected: LineSet, *, is_masked: bool) -> RejectedRowsPage:
    """`corrected` are lines."""
    return RejectedRowsPage(
        request_id=request_id,
        columns=list(page.columns),
        rows=[_row_view(each, corrected, page.formats) for each in page.rows],
        is_masked=is_masked,
        next=page.next,
    )


def _row_view(row: RejectRow, corrected: LineSet, formats: Mapping[str, ValueFormat]) -> RejectedRowView:
    line = int(row.line) if row.line.isdecimal() else None
    return RejectedRowView(
        line=line,
        reasons=[_reason_view(each, formats) for each in row.reasons],
        cells=list(row.cells),
        is_corrected=line is not None and line in corrected,
    )


def _reason_view(reason: str, formats: Mapping[str, ValueFormat]) -> ReasonView:
    code, _, column = reason.partition(":")
    words = reason_of(code, formats.get(column))
    view = ReasonView(code=code, message=words.message, hint=words.hint)
    if column:
        view["column"] = column
    return view
