"""Holds: a request whose rows are all read, and none of which count until a person approves it."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.domain.days import DAY_US
from penstock.domain.errors import Fault, Problem, refusal
from penstock.domain.requests.max_rejects import parse_max_rejects
from penstock.domain.requests.request import Hold, Request, Status
from penstock.domain.requests.shares import share

HOLD_DAYS = 7  # then it is cancelled
HOLD_US = HOLD_DAYS * DAY_US
TOO_MANY_REJECTS = "too_many_rejects"

_INSTEAD = {
    Status.SCHEDULED: "wait until all its rows are read.",
    Status.IN_PROGRESS: "wait until all its rows are read.",
    Status.COMPLETED: "the rows of this one count already.",
}


def exceeds_max_rejects(request: Request) -> bool:
    """Whether more rows were rejected than the request allows."""
    limit = request.max_rejects
    return limit is not None and parse_max_rejects(limit).exceeded_by(request.rows_rejected, request.rows_read)


def hold(request: Request, at_us: int) -> Request:
    return replace(request, status=Status.HELD, hold=Hold(TOO_MANY_REJECTS, at_us))


def schedule_expiry(request: Request, now_us: int) -> Request:
    """Let a new hold end in `HOLD_DAYS` days from now: not from its last step, which may have waited for a tracker."""
    if request.hold is None or request.hold.until_us is not None:
        return request
    return replace(request, hold=replace(request.hold, until_us=now_us + HOLD_US))


def approve(request: Request, at_us: int) -> Request:
    """Let the rows of a held request count; idempotent. Raises `Refused`, also when its hold is over and no tracker
    has cancelled it yet."""
    if request.status is Status.COMPLETED and request.hold is not None:
        return request
    overdue = is_overdue(request, at_us)
    if request.status is not Status.HELD or overdue:
        state = "was held too long" if overdue else f"is {request.status}"
        raise refusal(
            "cannot_approve",
            f"request {request.request_id} {state} and cannot be approved",
            "Only a held request can be approved: " + _INSTEAD.get(request.status, "upload the file again."),
        )
    return replace(request, status=Status.COMPLETED, finished_at=at_us)


def is_overdue(request: Request, now_us: int) -> bool:
    """Whether the deadline of a held request has passed."""
    until_us = request.hold.until_us if request.hold else None
    return request.status is Status.HELD and until_us is not None and now_us >= until_us


def expire(request: Request, now_us: int) -> Request:
    """Cancel the request if it is overdue."""
    if not is_overdue(request, now_us):
        return request
    return replace(request, status=Status.CANCELLED, finished_at=now_us, error=_hold_expired())


def why_held(request: Request) -> str:
    """The reason for people, with the counts."""
    return (
        f"{request.rows_rejected:,} of {request.rows_read:,} rows "
        f"({share(request.rows_rejected, request.rows_read)}) were rejected; "
        f"the limit is {request.max_rejects}."
    )


def hold_hint(request: Request) -> str:
    """The hint for a held request."""
    return (
        f"Download the rejects to see the reason for each row. Approve the request to ingest the other "
        f"{request.rows_accepted:,} rows, or cancel it and upload a corrected file. "
        f"It is cancelled {HOLD_DAYS} days after it was held."
    )


def _hold_expired() -> Problem:
    detail = f"Nobody approved the request within {HOLD_DAYS} days."
    hint = "Correct the rejected rows and upload the file again."
    fault = Fault(code="hold_expired", message=detail, hint=hint)
    return Problem(code="hold_expired", title="The hold expired", detail=detail, faults=[fault])
