"""Requests: history, status, live progress, and what a person can still do about one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
import msgspec
from anyio.to_thread import run_sync
from litestar.response import ServerSentEventMessage
from msgspec import UNSET, UnsetType

from penstock.application.catalog.column_specs import Name
from penstock.domain.access.permissions import Permission
from penstock.domain.requests.request import Request, Status
from services.uploader.api.decoding import Limit, given
from services.uploader.api.operations import Call, Reply, operation
from services.uploader.api.views import RequestPage, RequestView, request_view

LOOK_EVERY_SECONDS = 0.2  # when there are few streams
LOOKS_PER_SECOND = 100  # of all streams together: the more there are, the less often each looks
LOOKS_AT_ONCE = 8
STREAMS_PER_KEY = 32
STREAMS_PER_TENANT = 64
STREAMS_IN_ALL = 256
SAY_SOMETHING_EVERY_SECONDS = 15.0  # so that no proxy takes a quiet stream for a dead one
CHECK_KEY_EVERY_SECONDS = 15.0
EVENTS = "text/event-stream"


class RequestsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before: the id of a request."""

    status: Status | UnsetType = UNSET
    data_source: Name | UnsetType = UNSET
    before: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")] = ""
    limit: Limit = 50


@operation("GET", "/v1/requests", permission=Permission.READ_REQUESTS, answers=RequestPage)
def list_requests(call: Call, query: RequestsQuery) -> RequestPage:
    """Requests, the newest first, page by page; a page of a filtered list may be short, or empty, before the last."""
    page = call.use_cases.requests.page(
        call.caller,
        before=query.before,
        limit=query.limit,
        status=given(query.status),
        data_source=given(query.data_source),
    )
    return RequestPage(requests=[_view(call, request) for request in page.requests], next=page.next)


@operation("GET", "/v1/requests/{request_id}", permission=Permission.READ_REQUESTS, answers=RequestView)
def get_request(call: Call, request_id: str) -> RequestView:
    """One request as it stands."""
    return _view(call, call.use_cases.requests.get(call.caller, request_id))


@operation("GET", "/v1/requests/{request_id}/events", permission=Permission.READ_REQUESTS, media=EVENTS)
async def request_events(call: Call, request_id: str) -> Reply:
    """Live progress as server-sent events, until the request ends.

    Each event `request` is the whole request as JSON, so a client that comes back, with or without Last-Event-ID,
    misses nothing.
    """
    await call.until_answered.enter_async_context(call.services.streams.held(call.caller))
    first = await _look(call, request_id)
    return Reply(_events(call, first), {"X-Accel-Buffering": "no"})


@operation(
    "POST",
    "/v1/requests/{request_id}:cancel",
    permission=Permission.CHANGE_REQUESTS,
    answers=RequestView,
    problems=(409,),
)
def cancel_request(call: Call, request_id: str) -> RequestView:
    """Stop a request that has not ended."""
    return _view(call, call.use_cases.requests.cancel(call.caller, request_id))


@operation(
    "POST",
    "/v1/requests/{request_id}:undo",
    permission=Permission.CHANGE_REQUESTS,
    answers=RequestView,
    problems=(409,),
)
def undo_request(call: Call, request_id: str) -> RequestView:
    """Make a completed request's data stop counting."""
    return _view(call, call.use_cases.requests.undo(call.caller, request_id))


@operation(
    "POST",
    "/v1/requests/{request_id}:resubmit",
    permission=Permission.UPLOAD,
    status=202,
    answers=RequestView,
    reply_headers={"Location": "Where the child request is."},
    problems=(404, 409),
)
def resubmit_request(call: Call, request_id: str) -> Reply:
    """Run again, as a child request, the rows of chunks that were set aside."""
    child = call.use_cases.requests.resubmit(call.caller, request_id)
    return Reply(_view(call, child), {"Location": f"/v1/requests/{child.request_id}"})


async def _events(call: Call, request: Request) -> AsyncIterator[bytes]:
    told: Request | None = None
    silent_seconds = unchecked_seconds = 0.0
    while True:
        if request != told:
            told, silent_seconds = request, 0.0
            data = msgspec.json.encode(_view(call, request)).decode()
            yield ServerSentEventMessage(data=data, event="request", id=str(request.chunks_done)).encode()
        elif silent_seconds >= SAY_SOMETHING_EVERY_SECONDS:
            silent_seconds = 0.0
            yield b": waiting\n\n"
        if request.status.ended:
            return
        pause = max(LOOK_EVERY_SECONDS, call.services.streams.under_way / LOOKS_PER_SECOND)
        await anyio.sleep(pause)
        silent_seconds += pause
        unchecked_seconds += pause
        if unchecked_seconds >= CHECK_KEY_EVERY_SECONDS:
            unchecked_seconds = 0.0
            limiter = call.services.stream_threads
            if not await run_sync(call.use_cases.api_keys.is_valid, call.caller, limiter=limiter):
                return  # a client that connects again gets the reason
        request = await _look(call, request.request_id)


async def _look(call: Call, request_id: str) -> Request:
    """In threads of the streams' own, so that they keep no other call waiting."""
    limiter = call.services.stream_threads
    return await run_sync(call.use_cases.requests.get, call.caller, request_id, limiter=limiter)


def _view(call: Call, request: Request) -> RequestView:
    return request_view(request, call.services.clock.now_us())
