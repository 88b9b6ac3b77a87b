"""The services that all operations share, and the call of one operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from anyio import CapacityLimiter
from fastapi import Depends, Request

from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.review import Review
from penstock.domain.access.permissions import Caller
from penstock.ports.clock import Clock
from penstock.wiring.use_cases import AllUseCases
from services.uploader.api.metrics import Metrics
from services.uploader.api.rate_limit import RateLimit
from services.uploader.api.recent import Recent
from services.uploader.api.slots import Slots


class Services(NamedTuple):
    """`problems` lists what keeps this service from working."""

    use_cases: AllUseCases
    clock: Clock
    problems: Callable[[], list[str]]
    metrics: Metrics
    lookups: RateLimit
    calls: Slots
    uploads: Slots
    upload_threads: CapacityLimiter  # of their own, since they wait for their clients
    streams: Slots
    stream_threads: CapacityLimiter
    viewers: Slots  # of live pages, which share their work
    reviews: Recent[tuple[Inspection, Review]]  # of files whose import is being prepared in the console


class CallOf(NamedTuple):
    """A call of somebody who has been admitted, with a key, or in a session of the console."""

    services: Services
    caller: Caller
    session_id: str | None = None

    @property
    def use_cases(self) -> AllUseCases:
        return self.services.use_cases


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def call_of(request: Request) -> CallOf:
    """Of an operation that has admitted its caller."""
    return CallOf(services_of(request), request.state.caller, getattr(request.state, "session_id", None))


def remote_address_of(request: Request) -> str | None:
    return request.client.host if request.client else None


async def _services(request: Request) -> Services:
    return services_of(request)


async def _call(request: Request) -> CallOf:
    return call_of(request)


Api = Annotated[Services, Depends(_services)]
Call = Annotated[CallOf, Depends(_call)]
