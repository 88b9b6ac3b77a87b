"""The application: all operations, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from penstock import struct_types
from penstock.ports.clock import Clock
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api import (
    attributes,
    data_sources,
    drafts,
    error_pages,
    import_drafts,
    keys,
    machines,
    mappings,
    openapi,
    operations,
    profiles,
    publishers,
    rejects,
    request_details,
    requests,
    resubmissions,
    saved_views,
    sessions,
    upload_parts,
    uploads,
)
from services.uploader.api.call_ids import CallIds
from services.uploader.api.metrics import Metrics
from services.uploader.api.problems import problem_response
from services.uploader.api.rate_limit import RateLimit
from services.uploader.api.recent import Recent
from services.uploader.api.services import Services
from services.uploader.api.slots import Slots
from services.uploader.api.tus import FILES, MethodOverride, capabilities
from services.uploader.console import site
from services.uploader.console.visits import error_page, protected

LOOKUPS_PER_SECOND = 20.0  # of each tenant
LOOKUP_BURST = 200
CALLS_PER_KEY = 128  # under way at once, event streams among them
CALLS_PER_TENANT = 256
VIEWERS_PER_TENANT = 256  # of pages that follow a request
VIEWERS_IN_ALL = 1_024
REVIEWS = 8  # each of the beginning of a file, with its sample: usually 3 MB
REVIEW_SECONDS = 300

_TAGS = {
    "files": "Files that arrive in parts (tus 1.0.0), are inspected or checked.",
    "requests": "Uploads, and the results of their rows.",
    "profiles": "Profiles of customers.",
    "catalog": "Data sources, attributes and mappings.",
    "access": "API keys, sessions, publishers, and the audit.",
    "operations": "The whole system, of all organisations, for its operators.",
    "service": "The state of this service.",
}
_ROUTERS = [
    ("files", drafts.tus_router),
    *(("requests", module.router) for module in (uploads, requests, request_details, resubmissions, rejects)),
    *(("requests", module.router) for module in (saved_views, import_drafts)),
    ("files", drafts.router),
    ("profiles", profiles.router),
    *(("catalog", module.router) for module in (data_sources, mappings, attributes)),
    ("access", keys.router),
    *(("access", module.router) for module in (sessions, publishers)),
    ("operations", operations.router),
    *(("service", module.router) for module in (machines, error_pages)),
]


def create_app(use_cases: AllUseCases, clock: Clock, problems: Callable[[], list[str]], metrics: Metrics) -> FastAPI:
    """The API over the use cases of one runtime. `problems` says what is wrong, nothing if all is well."""
    struct_types.prepare()
    app = _with_operations()
    app.state.services = Services(
        use_cases=use_cases,
        clock=clock,
        problems=problems,
        metrics=metrics,
        lookups=RateLimit(clock, per_second=LOOKUPS_PER_SECOND, burst=LOOKUP_BURST),
        calls=Slots("calls", per_key=CALLS_PER_KEY, per_tenant=CALLS_PER_TENANT),
        uploads=Slots(
            "uploads",
            per_key=uploads.UPLOADS_PER_KEY,
            per_tenant=uploads.UPLOADS_PER_TENANT,
            in_all=uploads.UPLOADS_IN_ALL,
            wait_seconds=uploads.SLOT_SECONDS,
        ),
        upload_threads=CapacityLimiter(uploads.UPLOADS_IN_ALL),
        streams=Slots(
            "event streams",
            per_key=requests.STREAMS_PER_KEY,
            per_tenant=requests.STREAMS_PER_TENANT,
            in_all=requests.STREAMS_IN_ALL,
        ),
        stream_threads=CapacityLimiter(requests.LOOKS_AT_ONCE),
        viewers=Slots("live pages", per_key=VIEWERS_PER_TENANT, per_tenant=VIEWERS_PER_TENANT, in_all=VIEWERS_IN_ALL),
        reviews=Recent(clock, count=REVIEWS, seconds=REVIEW_SECONDS),
    )
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return _document(_with_operations())


def _document(app: FastAPI) -> dict[str, Any]:
    forms = upload_parts.UploadPart, upload_parts.InspectPart, upload_parts.DraftUpload, resubmissions.ResubmitPart
    return openapi.document(app, _TAGS, *forms)


def _with_operations() -> FastAPI:
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _unrouted},
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it contains data of callers
        generate_unique_id_function=lambda route: route.name,
    )
    for tag, router in _ROUTERS:
        app.include_router(router, tags=[tag])
    app.include_router(machines.router, prefix="/v1", include_in_schema=False)  # they may ask at either place
    content = msgspec.json.encode(_document(app))

    async def openapi_json(_: Request) -> Response:
        return Response(content, media_type=openapi.JSON)

    for path in ("/openapi.json", "/v1/openapi.json"):
        app.add_route(path, openapi_json, include_in_schema=False)
    _allow_methods(app)
    app.router.routes += site.routes()
    app.add_middleware(MethodOverride)
    app.add_middleware(CallIds)
    return app


async def _unrouted(request: Request, error: Exception) -> Response:
    """A page for people who follow a wrong link, else a problem."""
    is_of_a_page = not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")
    return protected(await run_sync(error_page, request, error)) if is_of_a_page else problem_response(error)


def _allow_methods(app: FastAPI) -> None:
    """Answer OPTIONS on each path, and every method that the path does not have: after all operations."""
    methods: dict[str, list[str]] = {}
    for route in iter_route_contexts(app.routes):
        methods.setdefault(str(route.path), []).extend(sorted(route.methods or ()))
    app.router.routes += [Route(path, _others(path, allowed)) for path, allowed in methods.items()]


def _others(path: str, allowed: list[str]) -> OtherMethods:
    is_tus = path == FILES or path.startswith(f"{FILES}/")
    return OtherMethods(allowed, capabilities if is_tus else lambda _: {})


class OtherMethods:
    """Answers the methods of a path that have no operation; OPTIONS also with the service's `capabilities`."""

    def __init__(self, allowed: list[str], capabilities: Callable[[Services], dict[str, str]]) -> None:
        self._headers, self._capabilities = {"Allow": ", ".join([*allowed, "OPTIONS"])}, capabilities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "OPTIONS":
            raise HTTPException(405, headers=self._headers)
        headers = self._headers | self._capabilities(scope["app"].state.services)
        await Response(status_code=204, headers=headers)(scope, receive, send)
