"""The route of an operation: admits the caller, bounds the body, and answers every error in one shape.

FastAPI reads a JSON body whole, and before it solves any dependency. So authorization and limits stand here.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Annotated, Any, get_origin

from anyio.to_thread import run_sync
from fastapi import Depends, Query, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.types import Receive, Scope, Send

from penstock.domain.access.permissions import Caller
from penstock.domain.errors import NotFound, refusal
from services.uploader.api.access import ApiKey, confirm, rationed
from services.uploader.api.incoming import IncomingBody
from services.uploader.api.openapi import JSON, problem_statements
from services.uploader.api.problems import problem_response, report
from services.uploader.api.quotas import quota_headers
from services.uploader.api.services import Services, call_of
from services.uploader.api.validation import NoQuery, json_document

MAX_JSON_BYTES = 1 << 20
MAX_PATH_TEXT = 200  # characters of a parameter in a path
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # answers hold customers' values
_UNTIL_ANSWERED = "penstock.until_answered"


class _IdConvertor(StringConvertor):
    """`{request_id:id}`: without the colon, after which a verb follows, as in `/requests/{request_id:id}:cancel`."""

    regex = "[^/:]+"


register_url_convertor("id", _IdConvertor())


class Operation(APIRoute):
    """The summary is the first line of the function's docstring."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.summary, _, self.description = inspect.cleandoc(endpoint.__doc__ or "").partition("\n\n")
        self.response_description = HTTPStatus(self.status_code or HTTPStatus.OK).phrase
        self._key = next((each.call for each in self.dependant.dependencies if isinstance(each.call, ApiKey)), None)
        self._is_rationed = any(each.call is rationed for each in self.dependant.dependencies)
        if self._key is not None and not self.dependant.query_params:
            self.dependencies.append(Depends(_takes_no_query))
        self._names = {field.alias.lower() for field in get_flat_params(self.dependant) if not _is_list(field)}
        self.responses = {**problem_statements(self, secured=self._key is not None), **self.responses}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stack is closed when the answer has been sent, or the client has gone."""
        async with AsyncExitStack() as scope[_UNTIL_ANSWERED]:
            await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            services: Services = request.app.state.services
            try:
                response = await answer(await self._admitted(request, services))
            except Exception as error:  # each of them is answered in one shape
                response = problem_response(error, self.name)
            if isinstance(response, StreamingResponse):
                response.body_iterator = _reported(self.name, response.body_iterator)
            response.headers.update(PRIVATE | self._quotas(request, services))
            services.metrics.answers.labels(self.name, str(response.status_code)).inc()
            return response

        return handler

    def _quotas(self, request: Request, services: Services) -> dict[str, str]:
        """What is left of the quotas of a caller who is known."""
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            return {}
        quotas = [slots.quota(caller) for slots in (services.calls, services.uploads, services.streams)]
        if self._is_rationed:
            quotas.append(services.lookups.quota("lookups", caller.tenant_id))
        return quota_headers(quotas)

    async def _admitted(self, request: Request, services: Services) -> Request:
        """The request, once its caller is known and its JSON body has been read. Raises `Refused`, `NotFound`."""
        if self._key is None:
            return request
        caller = await self._key.admit(request, services)
        await request.scope[_UNTIL_ANSWERED].enter_async_context(services.calls.held(caller))
        self._check_parameters(request)
        if self.body_field is None:
            return request
        raw = await json_body(request)
        await run_sync(confirm, call_of(request))
        return JsonRequest(request, raw)

    def _check_parameters(self, request: Request) -> None:
        """Of a parameter that is there twice and is no list, FastAPI would take the last."""
        if any(len(text) > MAX_PATH_TEXT for text in request.path_params.values()):
            raise NotFound("there is nothing of so long a name")
        given = ("query", request.query_params.multi_items()), ("header", request.headers.items())
        repeated = [
            {"type": "repeated", "loc": (part, name), "msg": "this is there twice"}
            for part, pairs in given
            for name, count in Counter(name for name, _ in pairs).items()
            if count > 1 and name in self._names
        ]
        if repeated:
            raise RequestValidationError(repeated)


class JsonRequest(Request):
    """A request whose body has been read."""

    def __init__(self, request: Request, raw: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._raw, self._document = raw, json_document(raw)

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:
        return self._document


class BrokenStreamError(Exception):
    """An answer broke off after its beginning; the connection is cut, so that nobody takes it for whole."""


def incoming_body(request: Request, seconds: float | None = None) -> IncomingBody:
    announced = request.headers.get("content-length")
    return IncomingBody(request.receive, None if announced is None else int(announced), seconds)


def _is_list(field: Any) -> bool:
    return get_origin(field.field_info.annotation) is list


def media_type(request: Request) -> str:
    """Of the body, without parameters; "" if there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request) -> bytes:
    """Raises `Refused`: unsupported_media_type, and what the body raises."""
    if media_type(request) != JSON:
        raise refusal("unsupported_media_type", "the body is not JSON", f"Send it as {JSON}.")
    body = incoming_body(request)
    body.allow(MAX_JSON_BYTES)
    return await body.whole()


async def _takes_no_query(_: Annotated[NoQuery, Query()]) -> None:
    pass


async def _reported(operation: str, pieces: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The pieces; an error is reported here, and hidden from the server's own log, where it could quote a value."""
    try:
        async for piece in pieces:
            yield piece
    except Exception as error:
        report(error, operation)
        raise BrokenStreamError from None
