"""Rejected rows: why, page by page, as a file, and corrected, in place or as a file that is uploaded again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from penstock.application.requests.reject_rows import RejectPage
from penstock.application.requests.use_cases import RequestUseCases
from penstock.application.use_case import declared
from penstock.documents.requests import RequestView, request_view
from penstock.domain.errors import Fault, Refused
from penstock.domain.files.encodings import ENCODINGS
from penstock.domain.limits import MAX_CORRECTED_IN_PLACE
from penstock.domain.requests.request import Request, Status
from services.uploader.api.rejects import pieces
from services.uploader.api.resubmissions import accept_corrected
from services.uploader.api.uploads import arriving_form
from services.uploader.console.corrected_form import CorrectedForm
from services.uploader.console.forms import LARGE, Form
from services.uploader.console.protection import require_same_origin
from services.uploader.console.reject_hints import AS_DOWNLOADED, needed_encoding, on_page
from services.uploader.console.request_page import groups_of
from services.uploader.console.shown_corrections import corrected_since, dropped_in_words, left_of
from services.uploader.console.shown_progress import RejectGroup
from services.uploader.console.shown_rejects import FormState, fits_a_form, shown_rejects
from services.uploader.console.shown_requests import displayed
from services.uploader.console.visits import (
    NO_KEY,
    Visit,
    action,
    answered,
    go,
    page,
    request_id_of,
    to_sign_in,
    visit_of,
)

PAGE = 50
ANYWAY = "anyway"  # pressed to import rows that do not fit as well
_CELL = re.compile("c-([0-9]{1,2})-([0-9]{1,4})")  # a field of the form: the places of its row and its column
_AS_SHOWN = re.compile("s-([0-9]{1,2})")  # a box of the form: the place of its row
_NO_ROWS = RejectPage((), (), None)


class Part(NamedTuple):
    """Which rows: those of one `reason`, a code, or all; from the cursor `after` on; or those that lost cells, of one
    column, the `reason`, or of any."""

    reason: str = ""
    after: str = ""
    dropped: str = ""

    @property
    def query(self) -> str:
        """Of its first page."""
        return urlencode({name: text for name, text in self._replace(after="")._asdict().items() if text})


def show(visit: Visit) -> Response:
    given = visit.request.query_params
    return _rejects(visit, Part(*(given.get(name, "") for name in Part._fields)))


def _reveal(visit: Visit) -> Response:
    """The rows with their values, which the audit records."""
    return _rejects(visit, Part(*(visit.form.text(name) for name in Part._fields)), reveals=True)


def _correct(visit: Visit) -> Response:
    """On to the request in which the corrected rows run. They are checked before: a form of rows that do not fit comes
    back with the reasons beside the cells, unless its second button was pressed; as does one that is refused."""
    cells, as_shown = _typed(visit.form), _marked(visit.form)
    part = Part(visit.form.text("reason"), dropped=visit.form.text("dropped"))
    requests, caller, request_id = visit.use_cases.requests, visit.caller, request_id_of(visit)
    selected: dict[str, Any] = {"as_shown": as_shown, "reason": part.reason, "dropped": bool(part.dropped)}
    found: Mapping[int, Sequence[str]] = {}
    fault = None
    try:
        if not visit.form.has(ANYWAY):
            found = requests.faults_of_corrections(caller, request_id, cells, **selected)
        if not found:
            accepted = requests.correct_rejects(caller, request_id, cells, **selected)
            return go(f"/imports/{accepted.request.request_id}")
    except Refused as refused:
        fault = on_page(refused.faults[0])
    states = {
        at: FormState(cells.get(at, {}), at in as_shown, found.get(at, ())) for at in as_shown.union(cells, found)
    }
    return _rejects(visit, part, reveals=True, states=states, fault=fault)


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
    part: Part,
    *,
    reveals: bool = False,
    states: Mapping[int, FormState] = MappingProxyType({}),
    fault: Fault | None = None,
    encoding: str = "",
) -> Response:
    """`encoding` is chosen in the form for a corrected file."""
    requests, request_id = visit.use_cases.requests, request_id_of(visit)
    request = requests.get(visit.caller, request_id)
    is_revealed = reveals and visit.may(RequestUseCases.rejected_rows)
    try:
        found = _found(visit, request, part, is_revealed=is_revealed)
    except Refused as refused:  # they are deleted by now
        found, fault = _NO_ROWS, refused.faults[0]
    except NO_KEY as error:
        found, fault = (
            _NO_ROWS,
            Fault(code=error.code, message=str(error), hint="Its counts and reasons are still here."),
        )
    context = _context(visit, request, part)
    plan, corrected = requests.plan(visit.caller, request_id), requests.corrected_lines(visit.caller, request)
    rows = shown_rejects(found, plan, states, corrected)
    are_left = context["are_left"] and any(not row.is_corrected for row in rows)
    faulty = sum(bool(state.faults) for state in states.values())
    fits = not part.after and fits_a_form(found)
    return visit.page(
        "rejects.html",
        422 if fault or faulty else 200,
        **context,
        fault=fault,
        faulty=faulty,
        part=part,
        next=found.next,
        is_revealed=is_revealed,
        in_place=context["may_correct"] and is_revealed and are_left and fits,
        may_show_form=context["may_correct"] and are_left and fits,
        too_many=context["may_correct"] and are_left and not fits,
        form_rows=MAX_CORRECTED_IN_PLACE,
        few=_few(context["request"], context["groups"], part),
        encodings={"": AS_DOWNLOADED, **{name: name for name in ENCODINGS}},
        encoding=encoding,
        rows=rows,
    )


def _few(request: RequestView, groups: Sequence[RejectGroup], part: Part) -> list[str]:
    """The columns, or the reasons, of so few rows that a form has them."""
    counts = request["dropped_cells"] if part.dropped else {each.message: each.rows for each in groups}
    return [name for name, rows in counts.items() if rows <= MAX_CORRECTED_IN_PLACE]


def _found(visit: Visit, request: Request, part: Part, *, is_revealed: bool) -> RejectPage:
    if not (request.dropped_cells if part.dropped else request.rows_rejected):
        return _NO_ROWS
    requests = visit.use_cases.requests
    read = requests.rejected_rows if is_revealed else requests.masked_rejects
    return read(
        visit.caller,
        request.request_id,
        reason=part.reason,
        after=part.after,
        limit=PAGE,
        dropped=bool(part.dropped),
    )


def _context(visit: Visit, request: Request, part: Part) -> dict[str, Any]:
    """`are_left`: some of the rows are not corrected yet."""
    requests = visit.use_cases.requests
    view = request_view(request, visit.services.clock.now_us(), requests.corrections(visit.caller, request))
    left = left_of(view)
    are_left = bool(left.dropped if part.dropped else left.rejected)
    return {
        "are_left": are_left,
        "request": view,
        "each": displayed(view),
        "corrected_words": "" if part.dropped else corrected_since(view),
        "dropped_words": dropped_in_words(view),
        "groups": groups_of(visit.call, request),
        "may_correct": are_left and visit.may(RequestUseCases.correct_rejects) and request.status is Status.COMPLETED,
        "may_reveal": visit.may(RequestUseCases.rejected_rows),
        "may_download": are_left and visit.may(RequestUseCases.rejects),
    }


def _file(visit: Visit) -> Response:
    given, request_id = visit.request.query_params, request_id_of(visit)
    dropped, bom = given.get("dropped") == "1", given.get("bom") == "1"
    file = visit.use_cases.requests.rejects(visit.caller, request_id, dropped=dropped, bom=bom)
    name = f"{'dropped' if dropped else 'rejects'}-{request_id}{'-spreadsheet' if bom else ''}.{file.extension}"
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
        form = None
        try:
            arriving = await arriving_form(visit.call, request)
            form = CorrectedForm(arriving.parts)
            accepted = await accept_corrected(arriving._replace(parts=form), request_id_of(visit))
        except Refused as refused:
            if refused.code == "unauthorized":  # the session has ended meanwhile
                raise
            return await run_sync(_upload_refused, visit, refused.faults[0], form.encoding if form else "")
    return go(f"/imports/{accepted.request.request_id}")


def _upload_refused(visit: Visit, fault: Fault, chosen: str) -> Response:
    """The page with the encoding that the file shows, or that was `chosen`."""
    part = Part(dropped=visit.request.query_params.get("dropped", ""))
    return _rejects(visit, part, fault=on_page(fault), encoding=needed_encoding(fault) or chosen)


routes = [
    page("/imports/{request_id:uuid}/rejects", show, of=RequestUseCases.masked_rejects),
    action("/imports/{request_id:uuid}/rejects", _reveal, of=RequestUseCases.rejected_rows),
    action("/imports/{request_id:uuid}/rejects/correct", _correct, of=RequestUseCases.correct_rejects, form=LARGE),
    page("/imports/{request_id:uuid}/rejects/file", _file, of=RequestUseCases.rejects),
    Route("/imports/{request_id:uuid}/rejects/upload", answered(_upload), methods=["POST"]),
]
