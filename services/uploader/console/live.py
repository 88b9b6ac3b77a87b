"""Live progress of a request: its page's changing parts as server-sent events.

All viewers of a request with the same permissions share one look at it and one rendering of a change. A stream begins
with what is true now, and ends after a while, so that the browser connects again and misses nothing.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from weakref import WeakValueDictionary

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from penstock.application.requests.use_cases import RequestUseCases
from penstock.application.use_case import declared
from penstock.domain.access.permissions import Permission
from penstock.domain.requests.request import Request
from services.uploader.api.problems import report
from services.uploader.console.rendering import render
from services.uploader.console.request_page import live_context
from services.uploader.console.visits import Visit, answered, request_id_of, to_sign_in, visit_of

STREAM_SECONDS = 55.0  # proxies cut streams after 60 seconds
LOOK_EVERY_SECONDS = 0.5
RENDER_EVERY_SECONDS = 15.0  # without a change, since some of it depends on the time
END = b"event: ended\ndata: \n\n"
_KEEP_ALIVE = b": nothing new\n\n"


class Feed:
    """The latest message about one request, for all of its viewers."""

    def __init__(self, visit: Visit, request_id: str) -> None:
        self._visit, self._request_id = visit, request_id
        self._turn = anyio.Lock()
        self._request: Request | None = None
        self._looked_at = self._rendered_at = float("-inf")
        self.message = b""
        self.has_ended = False

    async def look(self) -> None:
        """Bring `message` up to date, unless another viewer has just done so."""
        async with self._turn:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
                await run_sync(self._look, limiter=self._visit.services.stream_threads)
                self._looked_at = time.monotonic()

    def _look(self) -> None:
        request = self._visit.use_cases.requests.get(self._visit.caller, self._request_id)
        now = time.monotonic()
        if request == self._request and now - self._rendered_at < RENDER_EVERY_SECONDS:
            return
        context = live_context(self._visit.call, request, self._visit.may)
        text = render("_request_live.html", **context)
        self.message = b"".join(b"data: %s\n" % line for line in text.encode().splitlines()) + b"\n"
        self._request, self._rendered_at, self.has_ended = request, now, not request.status.processing


_Key = tuple[int, str, str, frozenset[Permission]]
_feeds: WeakValueDictionary[_Key, Feed] = WeakValueDictionary()  # those that somebody looks at


def _feed(visit: Visit, request_id: str) -> Feed:
    key = (id(visit.services), visit.caller.tenant_id, request_id, visit.caller.permissions)
    feed = _feeds.get(key)
    if feed is None:
        feed = _feeds[key] = Feed(visit, request_id)
    return feed


async def messages(visit: Visit, feed: Feed) -> AsyncIterator[bytes]:
    ends_at = time.monotonic() + STREAM_SECONDS
    sent, sent_at = b"", time.monotonic()
    try:
        while time.monotonic() < ends_at:
            if feed.message != sent:
                sent, sent_at = feed.message, time.monotonic()
                yield sent
            elif time.monotonic() - sent_at >= RENDER_EVERY_SECONDS:
                sent_at = time.monotonic()
                yield _KEEP_ALIVE
            if feed.has_ended:
                yield END
                return
            await anyio.sleep(LOOK_EVERY_SECONDS)
            await feed.look()
    except Exception as error:  # the browser connects again, and gets the reason
        report(error, visit.request.url.path)


async def _stream(held: AsyncExitStack, request: HttpRequest) -> Response:
    needed = declared(RequestUseCases.get)
    assert needed is not None
    visit = await visit_of(request, needed)
    if visit is None:
        return to_sign_in(request)
    await held.enter_async_context(visit.services.viewers.held(visit.caller))
    feed = _feed(visit, request_id_of(visit))
    await feed.look()
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(messages(visit, feed), media_type="text/event-stream", headers=headers)


class _Events:
    """Holds a viewer's place until the stream has ended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HttpRequest(scope, receive)
        async with AsyncExitStack() as held:
            response = await answered(partial(_stream, held))(request)
            await response(scope, receive, send)


routes = [Route("/imports/{request_id:uuid}/events", _Events(), methods=["GET"])]
