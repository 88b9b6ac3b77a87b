"""The event that announces a status to other systems, on `penstock.status`."""

from __future__ import annotations

from penstock.domain.events import StatusChanged
from penstock.domain.requests.request import Request, Status

STATUS_EVENTS = "status_events"  # names the channel's cursor in a request; stored


def status_changed(request: Request, status: Status, at_us: int) -> StatusChanged:
    """Says that `request` reached `status`."""
    problem = request.error if status is Status.FAILED else None
    return StatusChanged(
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        data_source=request.data_source,
        status=status,
        at_us=at_us,
        rows_read=request.rows_read,
        rows_ingested=request.rows_ingested,
        rows_rejected=request.rows_rejected,
        publisher_id=request.publisher_id,
        event_id=request.event_id,
        problem_code=problem.code if problem else None,
        problem_detail=problem.detail if problem else None,
    )
