"""The home page: what runs now, what needs a person, and how to begin."""

from __future__ import annotations

from starlette.responses import Response

from penstock.application.access.use_cases import AccessUseCases
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import request_view
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.console.shown_requests import ShownRequest, shown
from services.uploader.console.visits import Visit, page

SHOWN = 20  # of each list

_RUNNING = RequestFilter(statuses=(Status.SCHEDULED, Status.IN_PROGRESS))
_NEEDS_A_PERSON = RequestFilter(statuses=(Status.HELD, Status.FAILED))


def show(visit: Visit) -> Response:
    if not visit.may(RequestUseCases.page):
        return visit.page("home_other.html")
    imports = visit.use_cases.imports.all(visit.caller) if visit.may(ImportUseCases.all) else []
    return visit.page(
        "home.html",
        imports=imports[:SHOWN],
        running=_requests(visit, _RUNNING),
        waiting=_requests(visit, _NEEDS_A_PERSON),
        has_any=bool(_requests(visit, RequestFilter(), 1)),
    )


def _requests(visit: Visit, only: RequestFilter, limit: int = SHOWN) -> list[ShownRequest]:
    found = visit.use_cases.requests.page(visit.caller, limit=limit, only=only).requests
    return [shown(request_view(each, visit.services.clock.now_us())) for each in found]


routes = [page("/", show, of=AccessUseCases.sessions)]
