"""Signing in, with an API key or a one-time link, and signing out."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from penstock.application.access.sessions import SignIn
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_BROWSER
from services.uploader.api.services import remote_address_of, services_of
from services.uploader.console import cookies
from services.uploader.console.forms import OF_ANYBODY, read_form
from services.uploader.console.protection import require_same_origin
from services.uploader.console.rendering import render
from services.uploader.console.visits import SIGN_IN, answered, go

MAX_SECRET = 300  # characters
MAX_TARGET = 4_000  # characters in a form: it comes with the secret


class _Attempt(NamedTuple):
    """`link` is a one-time link's secret and `key` an API key; one of them is "". `target` is where to go then."""

    link: str
    key: str
    target: str


async def _show(request: Request) -> Response:
    """A link shows a button: what merely looks at addresses, as mail scanners do, must not use it up. One that has
    ended says so at once."""
    attempt = _Attempt(request.query_params.get("link", ""), "", _own(request.query_params.get("next", "/")))
    if attempt.link:
        try:
            await run_sync(services_of(request).use_cases.sessions.check_link, attempt.link[:MAX_SECRET])
        except Refused as refused:
            return _refused(attempt, refused)
    return HTMLResponse(render("signin.html", attempt=attempt, fault=None))


async def _sign_in(request: Request) -> Response:
    require_same_origin(request)
    form = await read_form(request, OF_ANYBODY)
    attempt = _Attempt(form.text("link")[:MAX_SECRET], form.text("key")[:MAX_SECRET], form.text("next"))
    try:
        secret = await run_sync(_begin, request, attempt)
    except Refused as refused:
        return _refused(attempt, refused)
    response = go(_own(attempt.target))
    cookies.keep(response, secret)
    return response


def _refused(attempt: _Attempt, refused: Refused) -> Response:
    page = render("signin.html", attempt=attempt._replace(link="", key=""), fault=refused.faults[0])
    return HTMLResponse(page, 403)


def _begin(request: Request, attempt: _Attempt) -> str:
    """A new session, never one that the browser brought."""
    use_cases = services_of(request).use_cases
    old = use_cases.sessions.authenticate(cookies.secret_of(request))
    caller, method = _signed_in(request, attempt)
    browser = request.headers.get("user-agent", "")[:MAX_BROWSER]
    secret = use_cases.access.begin_session(caller, method, browser)
    if old is not None:
        use_cases.access.end_session(old.caller, old.session.session_id)
    return secret


def _signed_in(request: Request, attempt: _Attempt) -> SignIn:
    sessions, remote_address = services_of(request).use_cases.sessions, remote_address_of(request)
    if attempt.link:
        return sessions.use_link(attempt.link, remote_address=remote_address)
    return sessions.use_key(attempt.key, remote_address=remote_address)


async def _sign_out(request: Request) -> Response:
    require_same_origin(request)
    await read_form(request, OF_ANYBODY)
    await run_sync(_end, request)
    response = go(SIGN_IN)
    cookies.forget(response)
    return response


def _end(request: Request) -> None:
    use_cases = services_of(request).use_cases
    signed_in = use_cases.sessions.authenticate(cookies.secret_of(request))
    if signed_in is not None:
        use_cases.access.end_session(signed_in.caller, signed_in.session.session_id)


def _own(target: str) -> str:
    """A path of this console; "/" for anything else, such as another site's address, and for one that is too long."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() and len(quote(target, safe="")) <= MAX_TARGET else "/"


routes = [
    Route(SIGN_IN, answered(_show), methods=["GET"]),
    Route(SIGN_IN, answered(_sign_in), methods=["POST"]),
    Route("/signout", answered(_sign_out), methods=["POST"]),
]
