"""Log lines about requests: one per step, with ids only, because a file name may contain personal data."""

from __future__ import annotations

import structlog

from penstock.domain.requests.request import Request, Status

log = structlog.get_logger(__name__)


def about(request: Request) -> dict[str, str]:
    """The log fields of `request`."""
    return {"request_id": request.request_id, "tenant": request.tenant_id, "data_source": request.data_source}


def log_status(request: Request, status: Status, at_us: int) -> None:
    """Log that `request` reached `status`, with the seconds since it was accepted."""
    fields: dict[str, str | int | float | None] = {**about(request), "seconds": (at_us - request.accepted_at) / 1e6}
    rows = {"read": request.rows_read, "accepted": request.rows_accepted, "rejected": request.rows_rejected}
    match status:
        case Status.SCHEDULED:
            return  # logged where it was accepted
        case Status.IN_PROGRESS:
            log.info("request.started", **fields)
        case Status.HELD:
            log.info("request.held", **fields, **rows, reason=request.hold.reason if request.hold else None)
        case Status.COMPLETED:
            log.info("request.completed", **fields, **rows)
        case Status.FAILED:
            log.info("request.failed", **fields, **rows, code=_code(request))
        case Status.CANCELLED:
            log.info("request.cancelled", **fields, code=_code(request))
        case Status.REVERTED:
            log.info("request.reverted", **fields)


def _code(request: Request) -> str | None:
    return request.error.code if request.error else None
