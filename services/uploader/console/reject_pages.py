"""Rejected rows: why, page by page, as a file, and corrected, in place or as a file that is uploaded again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from penstock.application.requests.reject_rows import Cells, RejectPage
from penstock.application.requests.use_cases import RequestUseCases
from penstock.application.use_case import declared
from penstock.documents.requests import request_view
from penstock.domain.errors import Fault, Refused
from penstock.domain.limits import MAX_CORRECTED_CELLS, MAX_CORRECTED_IN_PLACE, MAX_CORRECTED_TEXT
from penstock.domain.requests.request import Request, Status
from services.uploader.api.rejects import pieces
from services.uploader.api.resubmissions import accept_corrected
from services.uploader.api.uploads import arriving_form
from services.uploader.console.forms import Form
from services.uploader.console.protection import require_same_origin
from services.uploader.console.request_page import groups_of
from services.uploader.console.shown_progress import reasons_in_words
from services.uploader.console.shown_requests import displayed
from services.uploader.console.visits import Visit, action, answered, go, page, request_id_of, to_sign_in, visit_of

PAGE = 50
_CELL = re.compile("c-([0-9]{1,2})-([0-9]{1,4})")  # a field of the form: the places of its row and its column
_AS_SHOWN = re.compile("s-([0-9]{1,2})")  # a box of the form: the place of its row
_NO_ROWS = RejectPage((), (), None)


def show(visit: Visit) -> Response:
    given = visit.request.query_params
    return _rejects(visit, given.get("reason", ""), given.get("after", ""))


def _reveal(visit: Visit) -> Response:
    """The rows with their values, which the audit records."""
    return _rejects(visit, visit.form.text("reason"), visit.form.text("after"), reveals=True)


def _correct(visit: Visit) -> Response:
    """On to the request in which the corrected rows run; a form that is refused keeps what was typed."""
    cells, as_shown = _typed(visit.form), _marked(visit.form)
    try:
        accepted = visit.use_cases.requests.correct_rejects(
            visit.caller, request_id_of(visit), cells, as_shown=as_shown
        )
    except Refused as refused:
        return _rejects(visit, "", "", reveals=True, typed=cells, marked=as_shown, fault=refused.faults[0])
    return go(f"/imports/{accepted.request.request_id}")


def _typed(form: Form) -> dict[int, dict[int, str]]:
    cells: dict[int, dict[int, str]] = {}
    for name, text in form.fields:
        if match := _CELL.fullmatch(name):
            cells.setdefault(int(match[1]), {})[int(match[2])] = text
    return cells


def _marked(form: Form) -> frozenset[int]:
    """The places of the rows that are right as they are shown."""
    return frozenset(int(match[1]) for name, _ in form.fields if (match := _AS_SHOWN.fullmatch(name)))


def _rejects(
    visit: Visit,
    reason: str,
    after: str,
    *,
    reveals: bool = False,
    typed: Cells = MappingProxyType({}),
    marked: Collection[int] = (),
    fault: Fault | None = None,
) -> Response:
    requests, request_id = visit.use_cases.requests, request_id_of(visit)
    request = requests.get(visit.caller, request_id)
    read = requests.rejected_rows if reveals and visit.may(RequestUseCases.rejected_rows) else requests.masked_rejects
    try:
        found = read(visit.caller, request_id, reason=reason, after=after, limit=PAGE) if _has(request) else _NO_ROWS
    except Refused as refused:  # they are deleted by now
        found, fault = _NO_ROWS, refused.faults[0]
    is_revealed = read == requests.rejected_rows
    context = {**_context(visit, request), "fault": fault, "reason": reason, "after": after, "found": found}
    return visit.page(
        "rejects.html",
        422 if fault else 200,
        **context,
        query=urlencode({"reason": reason}) if reason else "",
        is_revealed=is_revealed,
        in_place=is_revealed and not reason and not after and context["may_correct"] and _fits(found),
        rows=[_row(found, at, typed.get(at, {}), is_marked=at in marked) for at in range(len(found.rows))],
    )


def _has(request: Request) -> bool:
    return request.rows_rejected > 0


def _context(visit: Visit, request: Request) -> dict[str, Any]:
    view = request_view(request, visit.services.clock.now_us())
    return {
        "request": view,
        "each": displayed(view),
        "groups": groups_of(visit.call, request),
        "may_correct": visit.may(RequestUseCases.correct_rejects) and request.status is Status.COMPLETED,
        "may_reveal": visit.may(RequestUseCases.rejected_rows),
        "may_download": visit.may(RequestUseCases.rejects),
        "most": MAX_CORRECTED_IN_PLACE,
    }


def _fits(found: RejectPage) -> bool:
    """Whether all rejected rows fit into one form."""
    cells = sum(len(row.cells) for row in found.rows)
    text = sum(len(cell) for row in found.rows for cell in row.cells)
    is_all = found.next is None and 0 < len(found.rows) <= MAX_CORRECTED_IN_PLACE
    return (
        is_all
        and max(cells, len(found.rows) * len(found.columns)) <= MAX_CORRECTED_CELLS
        and text <= MAX_CORRECTED_TEXT
    )


def _row(found: RejectPage, at: int, typed: Mapping[int, str], *, is_marked: bool) -> dict[str, Any]:
    """A row for its template: the cells that its reasons name come first; all of them if they name none."""
    row, columns = found.rows[at], found.columns
    named = {name for reason in row.reasons for name in reason.partition(":")[2].split("+")} & set(columns)
    cells = [
        {"name": f"c-{at}-{place}", "column": column, "cell": typed.get(place, cell), "is_named": column in named}
        for place, (column, cell) in enumerate(zip(columns, row.padded(len(columns)), strict=True))
    ]
    return {
        "line": row.line,
        "as_shown": f"s-{at}" if row.is_redrawn(len(columns)) else "",
        "is_marked": is_marked,
        "reasons": reasons_in_words(row.reasons),
        "first": [each for each in cells if each["is_named"]] or cells,
        "others": [each for each in cells if not each["is_named"]] if named else [],
        "surplus": row.cells[len(columns) :],
    }


def _file(visit: Visit) -> Response:
    given, request_id = visit.request.query_params, request_id_of(visit)
    dropped = given.get("dropped") == "1"
    file = visit.use_cases.requests.rejects(visit.caller, request_id, dropped=dropped, bom=given.get("bom") == "1")
    name = f"{'dropped' if dropped else 'rejects'}-{request_id}.{file.extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces(file.parts), media_type=file.media_type, headers=headers)


async def _upload(request: HttpRequest) -> Response:
    """The corrected file, as it arrives; on to the request in which it runs."""
    require_same_origin(request)
    needed = declared(RequestUseCases.resubmit_file)
    assert needed is not None
    visit = await visit_of(request, needed)
    if visit is None:
        return to_sign_in(request)
    async with visit.services.calls.held(visit.caller):
        try:
            accepted = await accept_corrected(await arriving_form(visit.call, request), request_id_of(visit))
        except Refused as refused:
            fault = refused.faults[0]
            return await run_sync(lambda: _rejects(visit, "", "", fault=fault))
    return go(f"/imports/{accepted.request.request_id}")


routes = [
    page("/imports/{request_id:uuid}/rejects", show, of=RequestUseCases.masked_rejects),
    action("/imports/{request_id:uuid}/rejects", _reveal, of=RequestUseCases.rejected_rows),
    action("/imports/{request_id:uuid}/rejects/correct", _correct, of=RequestUseCases.correct_rejects),
    page("/imports/{request_id:uuid}/rejects/file", _file, of=RequestUseCases.rejects),
    Route("/imports/{request_id:uuid}/rejects/upload", answered(_upload), methods=["POST"]),
]
