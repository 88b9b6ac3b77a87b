"""The application: the list of all operations, and what they work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from anyio import CapacityLimiter
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException

from penstock import struct_types
from penstock.ports.clock import Clock
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api import catalog, keys, machines, profiles, rejects, requests, uploads
from services.uploader.api.endpoints import Api, options_routes, problem_response, route
from services.uploader.api.metrics import Metrics
from services.uploader.api.openapi import openapi
from services.uploader.api.operations import JSON, Operation, Services
from services.uploader.api.problems import answer_for
from services.uploader.api.rate_limit import RateLimit
from services.uploader.api.slots import Slots

LOOKUPS_PER_SECOND = 20.0  # of each tenant
LOOKUP_BURST = 200
CALLS_PER_KEY = 128  # under way at once, event streams among them
CALLS_PER_TENANT = 256

OPERATIONS: tuple[Operation, ...] = (
    uploads.upload,
    uploads.inspect_file,
    requests.list_requests,
    requests.get_request,
    requests.request_events,
    rejects.download_rejects,
    requests.cancel_request,
    requests.undo_request,
    requests.resubmit_request,
    profiles.lookup_profile,
    catalog.list_data_sources,
    catalog.create_data_source,
    catalog.get_mapping,
    catalog.save_mapping,
    catalog.list_attributes,
    catalog.create_attribute,
    keys.list_api_keys,
    keys.create_api_key,
    keys.revoke_api_key,
    keys.read_audit,
    machines.healthz,
    machines.readyz,
)


def create_app(
    use_cases: AllUseCases,
    clock: Clock,
    problems: Callable[[], list[str]],
    metrics: Metrics,
) -> Litestar:
    """The API over the use cases of one runtime. `problems` says what is wrong, nothing if all is well."""
    struct_types.prepare()
    services = Services(
        use_cases=use_cases,
        clock=clock,
        problems=problems,
        lookups=RateLimit(clock, per_second=LOOKUPS_PER_SECOND, burst=LOOKUP_BURST),
        metrics=metrics,
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
    )
    document = msgspec.json.encode(openapi(OPERATIONS))

    @get(["/openapi.json", "/v1/openapi.json"], sync_to_thread=False)
    def openapi_json() -> Response[bytes]:
        return Response(document, media_type=JSON)

    return Api(
        [*options_routes(OPERATIONS), *(route(op, services) for op in OPERATIONS), openapi_json],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: _unrouted, Exception: _unrouted},
    )


def _unrouted(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer where no operation was reached: no such path, another method."""
    return problem_response(answer_for(error))
