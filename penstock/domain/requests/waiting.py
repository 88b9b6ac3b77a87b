"""What a request waits for when it does not move."""

from __future__ import annotations

from enum import StrEnum

from penstock.domain.requests.request import Request, Status

QUIET_US = 60_000_000  # without a finished chunk, after which a running request counts as waiting


class WaitsFor(StrEnum):
    SYSTEM = "system"  # something that the system needs is unavailable
    TURN = "turn"  # it has not started: the services work on requests before it
    WORKERS = "workers"  # no chunk was finished for a while


def waits_for(request: Request, now_us: int, *, system_has_problem: bool) -> WaitsFor | None:
    """None for a request that moves, or is not processed."""
    if not request.status.processing:
        return None
    if system_has_problem:
        return WaitsFor.SYSTEM
    if request.status is Status.SCHEDULED:
        return WaitsFor.TURN
    return WaitsFor.WORKERS if quiet_us(request, now_us) >= QUIET_US else None


def quiet_us(request: Request, now_us: int) -> int:
    """For how long no step of a started request was counted, in microseconds."""
    return now_us - max(request.last_step_at, request.started_at or 0)
