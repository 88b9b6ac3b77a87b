"""The home page: what runs now, what needs a person, rows to correct, unfinished imports, and how to begin."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from penstock.application.access.use_cases import AccessUseCases
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.profiles.use_cases import ProfileUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import request_view
from penstock.domain.days import DAY_US
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.requests import listed_views
from services.uploader.console.known_sources import source_names
from services.uploader.console.roles import permission_words
from services.uploader.console.shown_requests import ShownRequest, displayed
from services.uploader.console.visits import NO_KEY, Visit, page

LISTED = 20  # of each list
FAILED_DAYS = 7  # a failure that is older needs nobody any more

MINUTE_US = 60_000_000


class Active(NamedTuple):
    """What may change at any moment. `mark` is another one after each change."""

    held: Sequence[Request]
    running: Sequence[Request]
    newest: Sequence[Request]  # one; it shows that something has begun, also if that has ended by now
    mark: str


# What somebody does on the pages of the bar, for those who import nothing.
_PURPOSES = {
    "/imports": "Which files were imported, by whom, and how they ended.",
    "/sources": "Where files come from, and how their columns are mapped.",
    "/attributes": "What is known of a person, and where it is used.",
    "/profiles": "Look a person up, and see where each value comes from.",
    "/keys": "Who may call, with which role, and who is signed in.",
    "/audit": "Who did what, and what was refused.",
    "/operations": "What the system waits for, and events that could not be handled.",
}


def show(visit: Visit) -> Response:
    if not visit.may(RequestUseCases.page):
        purposes = [(each, _PURPOSES[each.path]) for each in visit.navigation if each.path in _PURPOSES]
        return visit.page("home_other.html", purposes=purposes)
    active = _active(visit)
    if visit.is_partial and visit.request.query_params.get("seen") == active.mark:
        return Response(status_code=HTTPStatus.NO_CONTENT)  # the page stays as it is
    context = _now(visit, active)
    if visit.is_partial:
        return visit.page("_home.html", **context)
    drafts = _drafts(visit)
    return visit.page(
        "home.html",
        drafts=drafts,
        begun=source_names(visit, (each.data_source for each in drafts)),
        has_any=bool(active.newest),
        may_import=visit.may(ImportUseCases.create),
        may_reveal=visit.may(ProfileUseCases.reveal),
        permitted=permission_words(visit.caller.permissions),
        **context,
    )


def _drafts(visit: Visit) -> list[ImportDraft]:
    if not visit.may(ImportUseCases.all):
        return []
    with suppress(*NO_KEY):  # they are sealed
        return visit.use_cases.imports.all(visit.caller)[:LISTED]
    return []


def _active(visit: Visit) -> Active:
    """What changes while somebody looks on. Whatever else does, such as an undo, is seen within a minute."""
    unfinished = visit.use_cases.requests.unfinished(visit.caller)
    held = [each for each in unfinished if each.status is Status.HELD][:LISTED]
    running = [each for each in unfinished if each.status.processing][:LISTED]
    newest = visit.use_cases.requests.page(visit.caller, limit=1).requests
    minute = visit.services.clock.now_us() // MINUTE_US
    seen = msgspec.json.encode([minute, held, running, newest])
    return Active(held, running, newest, hashlib.blake2b(seen, digest_size=16).hexdigest())


def _now(visit: Visit, active: Active) -> dict[str, Any]:
    """What runs; and what needs a person: held requests, and those that failed in the last days."""
    since = visit.services.clock.now_us() - FAILED_DAYS * DAY_US
    failed = RequestFilter(statuses=(Status.FAILED,), accepted_from=since)
    found = visit.use_cases.requests.page(visit.caller, limit=LISTED, only=failed).requests
    lists = {
        "running": _displayed(visit, active.running),
        "waiting": _displayed(visit, [*active.held, *found]),
        "rejecting": _rejecting(visit, since),
    }
    listed = (each.request["data_source"] for requests in lists.values() for each in requests)
    return {**lists, "called": source_names(visit, listed), "seen": active.mark}


def _displayed(visit: Visit, requests: Sequence[Request]) -> list[ShownRequest]:
    return [displayed(each) for each in listed_views(visit.call, requests)]


def _rejecting(visit: Visit, since: int) -> list[ShownRequest]:
    """Those of the last imports that have rejected rows which nobody has corrected. Children correct their root."""
    use_cases, now_us = visit.use_cases.requests, visit.services.clock.now_us()
    completed = RequestFilter(statuses=(Status.COMPLETED,), accepted_from=since)
    found = []
    for request in use_cases.page(visit.caller, limit=LISTED, only=completed).requests:
        if request.parent_id is None and request.rows_rejected:
            corrections = use_cases.corrections(visit.caller, request)
            if corrections is None or corrections.rejects_left:
                found.append(displayed(request_view(request, now_us, corrections)))
    return found


routes = [page("/", show, of=AccessUseCases.sessions)]
