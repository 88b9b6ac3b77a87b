"""Resubmits the rows of chunks that were set aside through no fault of the rows, as a child request."""

from __future__ import annotations

from penstock.application.requests.reject_file import RejectFiles
from penstock.application.requests.requests import Requests
from penstock.application.uploads.intake import Accepting, Intake
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.errors import refusal
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status


class Resubmitter:
    """Uploads rows that were set aside again."""

    def __init__(self, requests: Requests, rejects: RejectFiles, intake: Intake) -> None:
        self._requests, self._rejects, self._intake = requests, rejects, intake

    def resubmit(self, tenant_id: str, request_id: str, *, uploaded_by: str, accepting: Accepting) -> Request:
        """The child request; a second call returns the same one. `accepting` as in `Intake`.

        Raises `NotFound`; `Refused`: not_ended, nothing_set_aside, rejects_expired, and the faults of an upload.
        """
        parent = self._requests.get(tenant_id, request_id)
        if not parent.status.ended:
            held = parent.status is Status.HELD
            hint = "First approve or cancel it." if held else "Wait until it ends, or cancel it."
            raise refusal("not_ended", f"the request is {parent.status} and has not ended yet", hint)
        if SET_ASIDE not in parent.reject_reasons:
            hint = "Download the rejects, correct them and upload them as a new file."
            raise refusal("nothing_set_aside", "none of the request's chunks was set aside", hint)
        command = UploadCommand(
            data_source=parent.data_source,
            file_name=parent.file_name,
            uploaded_by=uploaded_by,
            mode=Mode.UPSERT,  # also for a replacement: the child adds to the data of its parent
            segment=parent.segment,
            notify=[str(each) for each in parent.notify],
            mapping=self._requests.plan(tenant_id, request_id).mapping,
            parent_id=request_id,
        )
        rejects = self._rejects.file(tenant_id, request_id, only=frozenset({SET_ASIDE}))
        return self._intake.upload(
            tenant_id, rejects.parts, command, idempotency_key=f"resubmit\n{request_id}", accepting=accepting
        )
