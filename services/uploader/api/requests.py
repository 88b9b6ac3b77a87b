"""Requests: history, status, live progress, and what a person can still do about one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import anyio
import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import Field

from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents import requests as documents
from penstock.documents.requests import RequestPage, RequestView
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_FILE_NAME_SENT
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.access import allowed_to
from services.uploader.api.openapi import events, problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call, CallOf
from services.uploader.api.times import Time, microseconds
from services.uploader.api.validation import Limit, Model, Name, Omittable

LOOK_EVERY_SECONDS = 0.2  # when there are few streams
LOOKS_PER_SECOND = 100  # of all streams together: the more there are, the less often each looks
LOOKS_AT_ONCE = 8
STREAMS_PER_KEY = 32
STREAMS_PER_TENANT = 64
STREAMS_IN_ALL = 256
SAY_SOMETHING_EVERY_SECONDS = 15.0  # so that no proxy takes a quiet stream for a dead one
VIEW_EVERY_SECONDS = 5.0  # without a change of the request: what it waits for may be another thing
CHECK_KEY_EVERY_SECONDS = 15.0
EVENT = "request"
RETRY_AFTER_MS = 2_000  # after which a client that lost the stream connects again

router = APIRouter(route_class=Operation)


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


class RequestsQuery(Model):
    """All filters that are given must fit. `status` may be there several times, for any of these; `file_name` is a part
    of the name, in upper or lower case; a request was accepted from `accepted_from` on, and before `accepted_to`;
    `has_rejects` is whether it has rejected rows.
    `before` is the `next` of the page before: the id of a request.
    """

    status: Annotated[list[Annotated[Status, Field(strict=False)]], Field(default_factory=list, max_length=len(Status))]
    data_source: Omittable[Name]
    uploaded_by: Omittable[Annotated[str, Field(min_length=1, max_length=MAX_DISPLAY_NAME)]]
    file_name: Omittable[Annotated[str, Field(min_length=1, max_length=MAX_FILE_NAME_SENT)]]
    accepted_from: Omittable[Time]
    accepted_to: Omittable[Time]
    has_rejects: Omittable[Annotated[bool, Field(strict=False)]]
    before: Annotated[str, Field(pattern="^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")] = ""
    limit: Limit = 50

    @property
    def only(self) -> RequestFilter:
        return RequestFilter(
            statuses=tuple(self.status),
            data_source=self.data_source,
            uploaded_by=self.uploaded_by,
            file_name=self.file_name,
            accepted_from=None if self.accepted_from is None else microseconds(self.accepted_from),
            accepted_to=None if self.accepted_to is None else microseconds(self.accepted_to),
            has_rejects=self.has_rejects,
        )


@router.get("/v1/requests", dependencies=[allowed_to(RequestUseCases.page)])
def list_requests(call: Call, query: Annotated[RequestsQuery, Query()]) -> RequestPage:
    """Requests, the newest first, page by page; a page of a filtered list may be short, or empty, before the last."""
    page = call.use_cases.requests.page(call.caller, before=query.before, limit=query.limit, only=query.only)
    return RequestPage(requests=listed_views(call, page.requests), next=page.next)


@router.get("/v1/requests/{request_id:id}", dependencies=[allowed_to(RequestUseCases.get)])
def get_request(call: Call, request_id: str) -> RequestView:
    """One request as it stands, with what became of its e-mails."""
    return detailed_view(call, call.use_cases.requests.get(call.caller, request_id))


async def _stream_slot(call: Call) -> AsyncIterator[None]:
    """Held until the stream has ended."""
    async with call.services.streams.held(call.caller):
        yield


@router.get(
    "/v1/requests/{request_id:id}/events",
    dependencies=[allowed_to(RequestUseCases.get)],
    response_class=EventStream,
    responses=events(EventStream.media_type, EVENT, RequestView),
)
async def request_events(call: Call, request_id: str, _: Annotated[None, Depends(_stream_slot)]) -> EventStream:
    """Live progress as server-sent events, until the request ends.

    Each event `request` is the whole request as JSON, so a client that comes back, with or without Last-Event-ID,
    misses nothing.
    """
    first = await _look(call, request_id)
    return EventStream(_events(call, first), headers={"X-Accel-Buffering": "no"})


@router.post(
    "/v1/requests/{request_id:id}:cancel", dependencies=[allowed_to(RequestUseCases.cancel)], responses=problems(409)
)
def cancel_request(call: Call, request_id: str) -> RequestView:
    """Stop a request that has not ended."""
    return listed_view(call, call.use_cases.requests.cancel(call.caller, request_id))


@router.post(
    "/v1/requests/{request_id:id}:approve", dependencies=[allowed_to(RequestUseCases.approve)], responses=problems(409)
)
def approve_request(call: Call, request_id: str) -> RequestView:
    """Let the rows of a held request count."""
    return listed_view(call, call.use_cases.requests.approve(call.caller, request_id))


@router.post(
    "/v1/requests/{request_id:id}:undo", dependencies=[allowed_to(RequestUseCases.undo)], responses=problems(409)
)
def undo_request(call: Call, request_id: str) -> RequestView:
    """Make a completed request's data stop counting."""
    return listed_view(call, call.use_cases.requests.undo(call.caller, request_id))


async def _events(call: Call, request: Request) -> AsyncIterator[bytes]:
    sent: RequestView | None = None
    seen: Request | None = None
    silent_seconds = unchecked_seconds = unseen_seconds = 0.0
    yield b"retry: %d\n\n" % RETRY_AFTER_MS
    while True:
        view = sent
        if request != seen or unseen_seconds >= VIEW_EVERY_SECONDS:
            seen, unseen_seconds = request, 0.0
            view = await run_sync(listed_view, call, request, limiter=call.services.stream_threads)
        if view != sent:
            sent, silent_seconds = view, 0.0
            yield format_sse_event(
                data_str=msgspec.json.encode(view).decode(), event=EVENT, id=str(request.chunks_done)
            )
        elif silent_seconds >= SAY_SOMETHING_EVERY_SECONDS:
            silent_seconds = 0.0
            yield b": waiting\n\n"
        if request.status.ended:
            return
        pause = max(LOOK_EVERY_SECONDS, call.services.streams.under_way / LOOKS_PER_SECOND)
        await anyio.sleep(pause)
        silent_seconds += pause
        unseen_seconds += pause
        unchecked_seconds += pause
        if unchecked_seconds >= CHECK_KEY_EVERY_SECONDS:
            unchecked_seconds = 0.0
            if not await run_sync(call.use_cases.api_keys.is_valid, call.caller, limiter=call.services.stream_threads):
                return  # a client that connects again gets the reason
        request = await _look(call, request.request_id)


async def _look(call: Call, request_id: str) -> Request:
    """In threads of the streams' own, so that they keep no other call waiting."""
    return await run_sync(call.use_cases.requests.get, call.caller, request_id, limiter=call.services.stream_threads)


def detailed_view(call: CallOf, request: Request) -> RequestView:
    return documents.detailed_view(call.use_cases.requests, call.caller, request, call.services.clock.now_us())


def listed_view(call: CallOf, request: Request) -> RequestView:
    return documents.listed_view(call.use_cases.requests, call.caller, request, call.services.clock.now_us())


def listed_views(call: CallOf, requests: Sequence[Request]) -> list[RequestView]:
    return documents.listed_views(call.use_cases.requests, call.caller, requests, call.services.clock.now_us())
