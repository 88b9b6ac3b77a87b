"""The page of a request: what is true of it, the plan it ran with, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.responses import Response

from penstock.application.catalog.column_specs import column_specs
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.requests.counting_rows import CountingRows
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.mappings import ColumnView, column_view
from penstock.documents.requests import RequestView
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import Fault, Refused
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.mapping import Mode, Plan
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.throughput import average_rate
from services.uploader.api.requests import detailed_view, listed_view
from services.uploader.api.services import CallOf
from services.uploader.console.chart import rates_chart
from services.uploader.console.known_parents import parents_of, place_of
from services.uploader.console.known_sources import source_names
from services.uploader.console.same_by_hand import same_by_hand
from services.uploader.console.shown_corrections import corrected_since, corrections_in_words, dropped_in_words, left_of
from services.uploader.console.shown_progress import (
    RejectGroup,
    actions,
    after_end,
    columns_by_code,
    reject_groups,
    stages,
    sums,
    timeline,
)
from services.uploader.console.shown_requests import displayed
from services.uploader.console.visits import NO_KEY, Visit, action, go, page, request_id_of
from services.uploader.console.words import MODES

COLUMNS_SHOWN = 200  # of a plan; the page of its source has the others
SAMPLED = 50  # rejected rows, for the columns of their reasons


def show(visit: Visit) -> Response:
    request = visit.use_cases.requests.get(visit.caller, request_id_of(visit))
    return request_page(visit, request, visit.request.query_params.get("confirm", ""))


def request_page(
    visit: Visit, request: Request, confirm: str = "", fault: Fault | None = None, status: int = 200
) -> Response:
    """The page, with the question whether to `confirm` an action, or the `fault` of one that was refused."""
    view = detailed_view(visit.call, request)
    plan = visit.use_cases.requests.plan(visit.caller, request.request_id)
    live = live_context(visit.call, request, visit.may)
    asked = next((each for each in live["actions"] if each.name == confirm and each.confirm), None)
    return visit.page(
        "request.html",
        status,
        **live,
        parent=parents_of(visit, [view]).get(request.request_id),
        plan=plan,
        columns=plan_columns(plan)[:COLUMNS_SHOWN],
        known={attribute.name: attribute for attribute in plan.attributes},
        called=source_names(visit, [request.data_source]),
        modes=MODES,
        notify=view["notify"],
        same=same_by_hand(view, str(visit.request.base_url).rstrip("/")),
        asked=asked,
        fault=fault,
    )


def live_context(call: CallOf, request: Request, may: Callable[[Callable[..., Any]], bool]) -> dict[str, Any]:
    """What changes while it runs."""
    view = listed_view(call, request)
    return {
        "each": displayed(view),
        "request": view,
        "stages": stages(view),
        "sums": sums(view),
        "timeline": timeline(request),
        "rate": average_rate(request),
        "after_end": after_end(view),
        "replaced_by": _replaced_by(call, view),
        "corrected": corrections_in_words(view),
        "corrected_files": _corrected_files(call, request, view),
        "dropped_words": dropped_in_words(view),
        "corrected_since": corrected_since(view),
        "left": left_of(view),
        "groups": groups_of(call, request),
        "chart": rates_chart(call.use_cases.requests.throughput(call.caller, request)),
        "actions": actions(request, may, _stops_with(call, request)),
        "may_import": may(ImportUseCases.create),
        "rejects_verbs": _rejects_verbs(request, may),
    }


def _rejects_verbs(request: Request, may: Callable[[Callable[..., Any]], bool]) -> str:
    """What the person can do with rejected rows on their page."""
    corrects = request.status is Status.COMPLETED and may(RequestUseCases.correct_rejects)
    return f"{'Correct' if corrects else 'See'}{' or download' if may(RequestUseCases.rejects) else ''}"


def _stops_with(call: CallOf, request: Request) -> CountingRows | None:
    """The rows that stop counting once the request is approved; None unless it is held and replaces."""
    if request.status is not Status.HELD or request.mode is not Mode.REPLACE:
        return None
    return call.use_cases.requests.counting_rows(call.caller, request.data_source, before=request.request_id)


def _replaced_by(call: CallOf, view: RequestView) -> Request | None:
    """The request because of which the rows of this one no longer count."""
    return None if view["replaced_by"] is None else call.use_cases.requests.get(call.caller, view["replaced_by"])


def _corrected_files(call: CallOf, request: Request, view: RequestView) -> dict[str, str]:
    """The file names of the requests that correct rows of this one, by id; of several, each with its place."""
    found = view["corrections"]
    names = (
        {each: call.use_cases.requests.get(call.caller, each).file_name for each in found["request_ids"]}
        if found
        else {}
    )
    places = {each: place_of(each, request) for each in names}
    return {each: f"correction {places[each]} ({name})" if places[each] else name for each, name in names.items()}


def groups_of(call: CallOf, request: Request) -> list[RejectGroup]:
    """The reasons for rejected rows; with columns, as far as the first of these rows show them, once it has ended."""
    columns: dict[str, list[str]] = {}
    formats: Mapping[str, ValueFormat] = {}
    if request.rows_rejected and not request.status.processing:
        with suppress(Refused, *NO_KEY):  # the rows are deleted by now, or cannot be opened
            page = call.use_cases.requests.masked_rejects(call.caller, request.request_id, limit=SAMPLED)
            columns, formats = columns_by_code(row.reasons for row in page.rows), page.formats
    return reject_groups(request.reject_reasons, columns, formats, ended=not request.status.processing)


def plan_columns(plan: Plan) -> list[ColumnView]:
    return [column_view(each) for each in column_specs(plan.mapping.columns, plan.attributes)]


def _act(do: Callable[[RequestUseCases, Caller, str], Any], visit: Visit) -> Response:
    """Do it, and show what is true then; what happened meanwhile, if it is too late."""
    request_id, requests = request_id_of(visit), visit.use_cases.requests
    try:
        do(requests, visit.caller, request_id)
    except Refused as refused:
        request = requests.get(visit.caller, request_id)
        return request_page(visit, request, fault=refused.faults[0], status=409)
    return go(f"/imports/{request_id}")


def _resubmit(visit: Visit) -> Response:
    """On to the request in which the rows run again."""
    accepted = visit.use_cases.requests.resubmit(visit.caller, request_id_of(visit))
    return go(f"/imports/{accepted.request.request_id}")


routes = [
    page("/imports/{request_id:uuid}", show, of=RequestUseCases.get),
    action("/imports/{request_id:uuid}/cancel", partial(_act, RequestUseCases.cancel), of=RequestUseCases.cancel),
    action("/imports/{request_id:uuid}/approve", partial(_act, RequestUseCases.approve), of=RequestUseCases.approve),
    action("/imports/{request_id:uuid}/undo", partial(_act, RequestUseCases.undo), of=RequestUseCases.undo),
    action("/imports/{request_id:uuid}/resubmit-set-aside", _resubmit, of=RequestUseCases.resubmit),
]
