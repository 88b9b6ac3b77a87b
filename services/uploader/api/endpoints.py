"""From a declared operation to a litestar route: authenticate, check, run, answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from penstock.application.use_case import require
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import NotFound, refusal
from services.uploader.api.decoding import decode_json, from_texts
from services.uploader.api.incoming import IncomingBody
from services.uploader.api.operations import JSON, Call, Operation, Reply, Services, unauthorized
from services.uploader.api.problems import MEDIA_TYPE, ErrorAnswer, answer_for, report

MAX_JSON_BYTES = 1 << 20
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # answers hold customers' values
MAX_PATH_TEXT = 200  # characters of a parameter in a path
_BEARER = re.compile(rb"[Bb]earer ([A-Za-z0-9._-]{1,200})")
_UNTIL_ANSWERED = "penstock.until_answered"


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a call that takes none."""


class Api(Litestar):
    """Litestar, with paths in which a verb follows after a colon, as in `/requests/{id}:cancel`.

    Litestar only knows parameters that fill a whole segment, so inside, the verb is a segment of its own: `/:cancel`.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        scope["path"] = inner_path(scope["path"])
        async with AsyncExitStack() as until_answered:
            scope[_UNTIL_ANSWERED] = until_answered  # type: ignore[literal-required]
            await super().__call__(scope, receive, send)


def inner_path(path: str) -> str:
    folder, slash, last = path.rpartition("/")
    return folder + slash + last[:1] + last[1:].replace(":", "/:")


def route(op: Operation, services: Services) -> HTTPRouteHandler:
    """The route of one operation."""

    async def serve(request: Request[Any, Any, Any]) -> Response[Any]:
        body = IncomingBody(request.receive, request.content_length)
        try:
            response = _response(op, await _run(op, services, request, body))
        except Exception as error:  # each of them is answered in one shape
            response = problem_response(answer_for(error, op.name))
        response.headers.update(PRIVATE)
        services.metrics.answers.labels(op.name, str(response.status_code)).inc()
        return response

    return HTTPRouteHandler(_litestar_paths(op), http_method=op.method, status_code=200, name=op.name)(serve)


def options_routes(operations: Iterable[Operation]) -> list[HTTPRouteHandler]:
    """What answers OPTIONS on each path, registered before the rest: litestar's own would name one method only."""
    of_path: dict[str, list[Operation]] = {}
    for op in operations:
        of_path.setdefault(op.path, []).append(op)
    return [_options_route(ops) for ops in of_path.values()]


def _options_route(operations: Sequence[Operation]) -> HTTPRouteHandler:
    allowed = ", ".join([*(op.method for op in operations), "OPTIONS"])

    async def serve() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allowed})

    return HTTPRouteHandler(_litestar_paths(operations[0]), http_method="OPTIONS", status_code=200)(serve)


def _litestar_paths(op: Operation) -> list[str]:
    path = re.sub(r"{(\w+)}", r"{\1:str}", inner_path(op.path))
    return [path] if op.permission else [path, f"/v1{path}"]  # machines may ask at either place


def problem_response(answer: ErrorAnswer) -> Response[Any]:
    content = msgspec.json.encode(answer.problem)
    return Response(content, status_code=answer.problem.status, headers=answer.headers, media_type=MEDIA_TYPE)


async def _run(op: Operation, services: Services, request: Request[Any, Any, Any], body: IncomingBody) -> Any:
    caller = await _authenticated(op, services, request)
    until_answered: AsyncExitStack = request.scope[_UNTIL_ANSWERED]  # type: ignore[literal-required]
    if caller is not None:
        await until_answered.enter_async_context(services.calls.held(caller))
    call = Call(services, caller, body, request.headers.get("content-type", ""), until_answered)
    arguments: dict[str, Any] = _path_arguments(request.path_params)
    if op.permission is not None:
        arguments |= _query_argument(op, request)
    if op.headers:
        arguments["headers"] = from_texts(_headers(request), op.headers, "the headers")
    if op.body:
        arguments["body"] = decode_json(await _json_body(call), op.body)
        await run_sync(call.confirm)
    if op.blocking:
        return await run_sync(lambda: op.function(call, **arguments))
    return await op.function(call, **arguments)


def _path_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `NotFound` for what is longer than anything that could be there."""
    if any(len(text) > MAX_PATH_TEXT for text in given.values()):
        raise NotFound("there is nothing of so long a name")
    return dict(given)


def _query_argument(op: Operation, request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What the operation declares; a parameter that it does not know is refused and not ignored."""
    query = from_texts(request.query_params.multi_items(), op.query or NoQuery, "the query")
    return {"query": query} if op.query else {}


def _headers(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """Names as they are usually written, since HTTP does not care."""
    return [(name.title(), text) for name, text in request.headers.items()]


async def _authenticated(op: Operation, services: Services, request: Request[Any, Any, Any]) -> Caller | None:
    """Who calls, None where no key is needed. Raises `Refused` (unauthorized, forbidden)."""
    if op.permission is None:
        return None
    secret = bearer_token(request.scope["headers"])
    return await run_sync(_allowed, op, services, secret, request.client.host if request.client else None)


def _allowed(op: Operation, services: Services, secret: str | None, remote_address: str | None) -> Caller:
    keys, audit = services.use_cases.api_keys, services.use_cases.audit
    caller = None if secret is None else keys.authenticate(secret, remote_address=remote_address)
    if caller is None:
        raise unauthorized()
    if op.permission is not None:
        require(audit, caller, op.permission, op.name)
    return caller


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key in the header `Authorization: Bearer …`; None when it is not there once, written exactly so."""
    given = [value for name, value in headers if name.lower() == b"authorization"]
    match = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    return None if match is None else match[1].decode("ascii")


async def _json_body(call: Call) -> bytes:
    if call.content_type.partition(";")[0].strip().lower() != JSON:
        raise refusal("unsupported_media_type", "the body is not JSON", f"Send it as {JSON}.")
    call.incoming.allow(MAX_JSON_BYTES)
    return await call.incoming.whole()


def _response(op: Operation, outcome: Any) -> Response[Any]:
    content, headers = outcome if isinstance(outcome, Reply) else (outcome, {})
    if isinstance(content, Iterator | AsyncIterator):
        return Stream(_guarded(op, content), status_code=op.status, headers=dict(headers), media_type=op.media)
    if op.answers is not None:
        content = msgspec.json.encode(content)
    return Response(content, status_code=op.status, headers=dict(headers), media_type=op.media)


class BrokenStreamError(Exception):
    """An answer broke off after its beginning; the connection is cut, so that nobody takes it for whole."""


async def _guarded(op: Operation, content: Iterator[bytes] | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of `content`; what goes wrong on the way is reported here, and hidden from the server's own log."""
    pieces = _from_thread(content) if isinstance(content, Iterator) else content
    try:
        async for piece in pieces:
            yield piece
    except Exception as error:
        report(error, op.name)
        raise BrokenStreamError from None


async def _from_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await run_sync(next, pieces, b""):
        yield piece
