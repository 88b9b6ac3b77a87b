"""Visits of a page by somebody who has signed in, and the routes that admit them.

A page declares the use case whose permission it needs. Its handler runs in a thread and returns the answer; an error
becomes a page that says what happened and what to do, with the id of the call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from penstock.application.access.sessions import SignedIn
from penstock.application.use_case import UseCase, declared, require
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.errors import KeyRevoked
from penstock.ports.key_vault import RootMissing
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api.call_ids import current_call_id
from services.uploader.api.incoming import caller_is_known
from services.uploader.api.problems import answer_for
from services.uploader.api.services import CallOf, Services, remote_address_of, services_of
from services.uploader.console import cookies
from services.uploader.console.forms import USUAL, Form, FormLimits, read_form
from services.uploader.console.protection import HEADERS, require_same_origin
from services.uploader.console.rendering import render

SIGN_IN = "/signin"
NO_KEY = (RootMissing, KeyRevoked)  # raised for what is sealed; a page has the rest of it all the same


class Visit(NamedTuple):
    """One call of a page."""

    request: Request
    services: Services
    signed_in: SignedIn
    form: Form = Form()

    @property
    def caller(self) -> Caller:
        return self.signed_in.caller

    @property
    def use_cases(self) -> AllUseCases:
        return self.services.use_cases

    @property
    def call(self) -> CallOf:
        """For functions that the API uses too."""
        return CallOf(self.services, self.caller, self.signed_in.session.session_id)

    @property
    def is_partial(self) -> bool:
        """Whether the page asks for a part of itself."""
        return is_partial(self.request)

    @property
    def navigation(self) -> list[NavigationEntry]:
        """The pages that the person may look at."""
        here = self.request.url.path
        return [
            NavigationEntry(name, path, here == path or (path != "/" and here.startswith(f"{path}/")))
            for name, path, needed in _PAGES
            if needed in self.caller.permissions
        ]

    def may_open(self, path: str) -> bool:
        """Whether the bar on top has the page `path` for the person."""
        return any(entry.path == path for entry in self.navigation)

    def may(self, use_case: Callable[..., Any]) -> bool:
        """Whether the person has the permission that `use_case` needs."""
        needed = declared(use_case)
        return needed is not None and needed.permission in self.caller.permissions

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """A page, or a part of one, with what all of them show."""
        context = {"visit": self, "permissions": Permission, **context}
        return HTMLResponse(render(template, **context), status)


class NavigationEntry(NamedTuple):
    name: str
    path: str
    is_current: bool


# The pages of the bar on top, each with the permission to look at it.
_PAGES = [
    ("Home", "/", Permission.SIGN_IN),
    ("Imports", "/imports", Permission.READ_REQUESTS),
    ("Sources", "/sources", Permission.READ_CATALOG),
    ("Attributes", "/attributes", Permission.READ_CATALOG),
    ("Profiles", "/profiles", Permission.LOOK_UP_PROFILES),
    ("Keys", "/keys", Permission.MANAGE_KEYS),
    ("Audit", "/audit", Permission.READ_AUDIT),
    ("Operations", "/operations", Permission.OPERATE),
]

Show = Callable[[Visit], Response]
Receive = Callable[[Visit], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]


def page(path: str, show: Show, *, of: Callable[..., Any]) -> Route:
    """A page that is looked at."""
    return Route(path, _admitting(show, of), methods=["GET"])


def action(
    path: str, act: Show, *, of: Callable[..., Any], form: FormLimits = USUAL, reads_file: bool = False
) -> Route:
    """What a form or a button of a page does. One that reads a whole file waits for its turn, as uploads do."""
    return Route(path, _admitting(act, of, form=form, reads_file=reads_file), methods=["POST"])


def receiving(path: str, receive: Receive, *, of: Callable[..., Any]) -> Route:
    """A form with a file: `receive` reads the body itself, while it arrives."""

    async def admit(request: Request) -> Response:
        require_same_origin(request)
        async with _admitted(request, of) as visit:
            return to_sign_in(request) if visit is None else await receive(visit)

    return Route(path, answered(admit), methods=["POST"])


def go(path: str) -> Response:
    """On to another page of the console, after an action."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def answered(handler: Handler) -> Handler:
    """`handler` with the protection that every page has, and with a page for its errors."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except Exception as error:  # each of them is answered by a page
            response = await run_sync(error_page, request, error)
        return protected(response)

    return answer


def protected(response: Response) -> Response:
    """With the headers that every page has, but for those that it has set itself."""
    response.headers.update({name: text for name, text in HEADERS.items() if name not in response.headers})
    return response


def error_page(request: Request, error: Exception) -> Response:
    """What happened and what to do; on to the sign-in if the session has ended."""
    problem = answer_for(error, request.url.path).problem
    if problem.code == "unauthorized":
        return to_sign_in(request)
    context = {"problem": problem, "call_id": current_call_id(), "visit": getattr(request.state, "visit", None)}
    if is_partial(request):
        headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}
        return HTMLResponse(render("_problem.html", **context), problem.status, headers)
    return HTMLResponse(render("error.html", **context), problem.status)


def request_id_of(visit: Visit) -> str:
    """The id of the import in the path, `{request_id:uuid}`."""
    return str(visit.request.path_params["request_id"])


def is_partial(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


async def visit_of(request: Request, needed: UseCase) -> Visit | None:
    """The visit of somebody who has signed in; None for anybody else. Raises `Refused` (forbidden)."""
    services = services_of(request)
    signed_in = await run_sync(_signed_in, services, request)
    if signed_in is None:
        return None
    visit = request.state.visit = Visit(request, services, signed_in)
    await run_sync(require, services.use_cases.audit, signed_in.caller, needed.permission, needed.action)
    caller_is_known(request.scope)
    return visit


def _admitting(
    handler: Show, of: Callable[..., Any], *, form: FormLimits | None = None, reads_file: bool = False
) -> Handler:
    async def admit(request: Request) -> Response:
        if form is not None:
            require_same_origin(request)
        async with _admitted(request, of) as visit:
            if visit is not None and form is not None:
                visit = await _with_form(visit, of, form)
            if visit is None:
                return to_sign_in(request)
            if not reads_file:
                return await run_sync(handler, visit)
            async with visit.services.uploads.held(visit.caller):
                return await run_sync(handler, visit, limiter=visit.services.upload_threads)

    return answered(admit)


async def _with_form(visit: Visit, of: Callable[..., Any], limits: FormLimits) -> Visit | None:
    """The visit with the form that it sends; None if its session, or the key of it, has ended meanwhile."""
    form = await read_form(visit.request, limits)
    confirmed = await visit_of(visit.request, _needed_for(of))
    return None if confirmed is None else confirmed._replace(form=form)


@asynccontextmanager
async def _admitted(request: Request, of: Callable[..., Any]) -> AsyncIterator[Visit | None]:
    """The visit of somebody who may do `of`, counted among the calls of their key; None if nobody is signed in."""
    visit = await visit_of(request, _needed_for(of))
    if visit is None:
        yield None
        return
    async with visit.services.calls.held(visit.caller):
        yield visit


def _needed_for(of: Callable[..., Any]) -> UseCase:
    needed = declared(of)
    assert needed is not None, of
    return needed


def _signed_in(services: Services, request: Request) -> SignedIn | None:
    secret = cookies.secret_of(request)
    return services.use_cases.sessions.authenticate(secret, remote_address=remote_address_of(request))


def to_sign_in(request: Request) -> Response:
    """The page to sign in, which leads back; a part of a page has the whole page go there."""
    target = SIGN_IN
    if request.method == "GET" and request.url.path != "/":
        target += "?next=" + quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
    if is_partial(request):
        return Response(status_code=200, headers={"HX-Redirect": SIGN_IN})
    return go(target)
