"""The event that announces a status to other systems, on `penstock.status`."""

from __future__ import annotations

from penstock.domain.events import StatusChanged
from penstock.domain.requests.hold import why_held
from penstock.domain.requests.request import Request, Status

STATUS_EVENTS = "status_events"  # names the channel's cursor in a request; stored


def status_changed(request: Request, status: Status, at_us: int) -> StatusChanged:
    """Says that `request` reached `status`."""
    code, detail = _problem(request, status)
    return StatusChanged(
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        data_source=request.data_source,
        status=status,
        at_us=at_us,
        rows_read=request.rows_read,
        rows_accepted=request.rows_accepted,
        rows_ingested=request.rows_accepted if status is Status.COMPLETED else 0,
        rows_rejected=request.rows_rejected,
        publisher_id=request.publisher_id,
        event_id=request.event_id,
        problem_code=code,
        problem_detail=detail,
    )


def _problem(request: Request, status: Status) -> tuple[str | None, str | None]:
    """The code and the words for why the request reached `status`, if that needs a reason."""
    if status is Status.HELD and request.hold is not None:
        return request.hold.reason, why_held(request)
    if status in (Status.FAILED, Status.CANCELLED) and request.error is not None:
        return request.error.code, request.error.detail
    return None, None
