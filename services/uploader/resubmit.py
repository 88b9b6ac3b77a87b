"""Running again what was set aside: the rows of chunks that failed through no fault of theirs, as a child request."""

from __future__ import annotations

from penstock.application.reject_file import reject_lines
from penstock.domain.errors import refusal
from penstock.domain.mapping import Mode
from penstock.domain.request import Request
from penstock.domain.rows import SET_ASIDE
from penstock.wiring import System
from services.uploader.intake import Intake
from services.uploader.upload_form import UploadForm


def resubmit(system: System, intake: Intake, tenant_id: str, request_id: str, *, uploaded_by: str) -> Request:
    """The child request; asking again gives the same one.

    Raises `NotFound`; `Refused`: not_ended, nothing_set_aside, rejects_expired, and what an upload may be refused for.
    """
    parent = system.requests.get(tenant_id, request_id)
    if not parent.status.ended:
        raise refusal("not_ended", "the request has not ended yet", "Wait for its end, or cancel it.")
    if SET_ASIDE not in parent.reject_reasons:
        mend = "Download the rejects, correct them and upload them as a file of their own."
        raise refusal("nothing_set_aside", "none of the request's chunks was set aside", mend)
    form = UploadForm(
        data_source=parent.data_source,
        file_name=parent.file_name,
        uploaded_by=uploaded_by,
        mode=Mode.UPSERT,  # of a replacement too: the child adds to what its parent has replaced
        segment=parent.segment,
        notify=parent.notify,
        mapping=system.requests.plan(tenant_id, request_id).mapping,
        parent_id=request_id,
    )
    lines = reject_lines(
        system.requests, system.chunks, system.files, tenant_id, request_id, only=frozenset({SET_ASIDE})
    )
    return intake.upload(tenant_id, lines, form, idempotency_key=f"resubmit\n{request_id}")
