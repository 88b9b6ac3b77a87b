"""Authentication and authorization of callers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from penstock.application.use_case import UseCase, declared, require
from penstock.domain.access.permissions import Caller
from penstock.domain.errors import Refused, refusal
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api.incoming import caller_is_known
from services.uploader.api.services import Call, Services, remote_address_of
from services.uploader.console import cookies
from services.uploader.console.protection import require_same_origin

_BEARER = re.compile(rb"[Bb]earer ([A-Za-z0-9._-]{1,200})")


class ApiKey(SecurityBase):
    """The security dependency of an operation: a caller whose API key has the permission of `use_case`.

    The operation calls `admit` before it reads a body, which FastAPI does before it looks at any dependency.
    """

    def __init__(self, use_case: UseCase) -> None:
        self.model = HTTPBearer(description="An API key, pk_…")
        self.scheme_name = "key"
        self._use_case = use_case

    async def __call__(self) -> None:
        pass

    async def admit(self, request: Request, services: Services) -> Caller:
        """Raises `Refused`: unauthorized, forbidden."""
        caller = await run_sync(self._allowed, request, services)
        request.state.caller = caller
        caller_is_known(request.scope)
        return caller

    def _allowed(self, request: Request, services: Services) -> Caller:
        caller = self._caller(request, services.use_cases)
        if caller is None:
            raise unauthorized()
        require(services.use_cases.audit, caller, self._use_case.permission, self._use_case.action)
        return caller

    def _caller(self, request: Request, use_cases: AllUseCases) -> Caller | None:
        secret = bearer_token(request.scope["headers"])
        if secret is None:
            return None
        return use_cases.api_keys.authenticate(secret, remote_address=remote_address_of(request))


class ApiKeyOrSession(ApiKey):
    """Also admits somebody who is signed in to the console, for calls that its own pages make."""

    def _caller(self, request: Request, use_cases: AllUseCases) -> Caller | None:
        if "authorization" in request.headers or not cookies.secret_of(request):
            return super()._caller(request, use_cases)
        require_same_origin(request)
        signed_in = use_cases.sessions.authenticate(
            cookies.secret_of(request), remote_address=remote_address_of(request)
        )
        if signed_in is None:
            return None
        request.state.session_id = signed_in.session.session_id
        return signed_in.caller


def allowed_to(use_case: Callable[..., Any]) -> Any:
    """A dependency of an operation, whose caller needs the permission of `use_case`."""
    needed: Any = declared(use_case)
    return Security(ApiKey(needed), scopes=[needed.permission])


def allowed_on_pages(use_case: Callable[..., Any]) -> Any:
    """As `allowed_to`, and the console's pages may call it too."""
    needed: Any = declared(use_case)
    return Security(ApiKeyOrSession(needed), scopes=[needed.permission])


async def rationed() -> None:
    """A dependency of an operation that the rate limit of look-ups applies to: its answers have the remaining quota."""


def confirm(call: Call) -> None:
    """Raises `Refused` (unauthorized) when the caller's key or session has ended since the call began."""
    use_cases, session_id = call.use_cases, call.session_id
    is_signed_in = session_id is None or use_cases.sessions.is_open(call.caller.tenant_id, session_id)
    if not (is_signed_in and use_cases.api_keys.is_valid(call.caller)):
        raise unauthorized()


def unauthorized() -> Refused:
    return refusal("unauthorized", "there is no valid API key", "Send an API key: Authorization: Bearer pk_…")


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key in the header `Authorization: Bearer …`; None when it is not there once, written exactly so."""
    given = [value for name, value in headers if name.lower() == b"authorization"]
    match = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    return None if match is None else match[1].decode("ascii")
