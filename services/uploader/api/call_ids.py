"""The id of each HTTP call: in the header `X-Request-Id` of its answer, in its log lines, and in its problem if any."""

from __future__ import annotations

from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, get_contextvars

HEADER = "X-Request-Id"
_NAME = "call_id"  # in log lines, where `request_id` is an upload request


class CallIds:
    """Gives each call of `app` a random id. A caller's own is not taken: two calls could have the same."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call_id = _new_id()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = call_id
            await send(message)

        with bound_contextvars(**{_NAME: call_id}):
            await self._app(scope, receive, send_with_id)


def current_call_id() -> str:
    """The id of the call under way; a new one for an answer that is given before there is a call."""
    call_id: str | None = get_contextvars().get(_NAME)
    return call_id or _new_id()


def _new_id() -> str:
    return str(uuid4())
