"""Operations: what the API can do, each declared once, for routing, for checking and for the OpenAPI document alike.

A function with `@operation(...)` above it is an operation. Its parameters say what it takes: `call` first, then path
parameters by name, `query` and `headers` (structs of texts), `body` (a struct, as JSON). A plain function may block: it
runs in a worker thread. It returns a struct, or a `Reply` when there are headers or when the answer streams.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Literal, NamedTuple, get_type_hints

from anyio import CapacityLimiter
from msgspec import Struct

from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import Refused, refusal
from penstock.ports.clock import Clock
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api.incoming import IncomingBody
from services.uploader.api.metrics import Metrics
from services.uploader.api.rate_limit import RateLimit
from services.uploader.api.slots import Slots

JSON = "application/json"
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Services(NamedTuple):
    """What operations work with."""

    use_cases: AllUseCases
    clock: Clock
    problems: Callable[[], list[str]]
    lookups: RateLimit
    metrics: Metrics
    calls: Slots
    uploads: Slots
    upload_threads: CapacityLimiter  # of their own, since they wait for their clients
    streams: Slots
    stream_threads: CapacityLimiter


class Call(NamedTuple):
    """One call of an operation; `incoming` is for those that take a form. What is put on `until_answered` is held until
    the answer has gone out, or its client."""

    services: Services
    known_caller: Caller | None
    incoming: IncomingBody
    content_type: str
    until_answered: AsyncExitStack

    @property
    def use_cases(self) -> AllUseCases:
        return self.services.use_cases

    @property
    def caller(self) -> Caller:
        """Who calls; only public operations have no caller, and they do not ask."""
        if self.known_caller is None:
            raise RuntimeError("a public operation has no caller")
        return self.known_caller

    def confirm(self) -> None:
        """Raises `Refused` (unauthorized) when the caller's key has ended since the call began."""
        if not self.use_cases.api_keys.is_valid(self.caller):
            raise unauthorized()


def unauthorized() -> Refused:
    return refusal("unauthorized", "there is no valid API key", "Send an API key: Authorization: Bearer pk_…")


class Reply(NamedTuple):
    content: Any
    headers: Mapping[str, str]


class MultipartForm(NamedTuple):
    """A multipart body: `file`, and `request`, a JSON document of this type, in any order."""

    request: type
    request_required: bool


class Operation(NamedTuple):
    """`permission` is None for what needs no key. `answers`: the type of a JSON answer; `problems`: HTTP statuses."""

    method: Method
    path: str
    permission: Permission | None
    summary: str
    status: int
    answers: Any
    media: str
    reply_headers: Mapping[str, str]
    problems: frozenset[int]
    form: MultipartForm | None
    function: Callable[..., Any]
    body: type | None
    query: type[Struct] | None
    headers: type[Struct] | None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def blocking(self) -> bool:
        return not inspect.iscoroutinefunction(self.function)


def operation(
    method: Method,
    path: str,
    *,
    permission: Permission | None,
    answers: Any = None,
    status: int = 200,
    media: str = JSON,
    reply_headers: Mapping[str, str] | None = None,
    problems: tuple[int, ...] = (),
    form: MultipartForm | None = None,
) -> Callable[[Callable[..., Any]], Operation]:
    """Declare an operation; what follows from its parameters is derived, with the problems that this brings along."""

    def declare(function: Callable[..., Any]) -> Operation:
        hints = get_type_hints(function)
        declared = Operation(
            method=method,
            path=path,
            permission=permission,
            summary=(inspect.getdoc(function) or "").split("\n")[0],
            status=status,
            answers=answers,
            media=media,
            reply_headers=reply_headers or {},
            problems=frozenset(problems),
            form=form,
            function=function,
            body=hints.get("body"),
            query=hints.get("query"),
            headers=hints.get("headers"),
        )
        return declared._replace(problems=declared.problems | _implied(declared))

    return declare


def _implied(declared: Operation) -> set[int]:
    implied = {500, 503}
    if declared.permission is not None:
        implied |= {401, 403, 429}
    if declared.path_parameters:
        implied |= {404}
    if declared.query or declared.headers:
        implied |= {400}
    if declared.body or declared.form:
        implied |= {400, 408, 413, 415, 422}
    return implied
