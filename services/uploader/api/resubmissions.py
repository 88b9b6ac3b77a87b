"""Resubmitting: corrected rejects of a request, or the rows of chunks that were set aside, as its child."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Response
from fastapi import Request as HttpRequest
from pydantic import Field

from penstock.application.requests.requests import Accepted
from penstock.application.requests.use_cases import RequestUseCases
from penstock.application.uploads.resubmit import CorrectedFile
from penstock.application.uploads.stored_file import StoredFile
from penstock.documents.inspections import ResubmittedView
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.limits import MAX_FILE_NAME_SENT
from services.uploader.api.access import allowed_to, confirm
from services.uploader.api.key_claims import claimed
from services.uploader.api.openapi import form_body, problems, with_headers
from services.uploader.api.requests import listed_view
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.upload_parts import FilePart
from services.uploader.api.uploads import ArrivingForm, Received, arriving_form, receive
from services.uploader.api.validation import Omittable

router = APIRouter(route_class=Operation)


class ResubmitPart(FilePart):
    """The part `request` of a corrected file, which can be left out. With `encoding`, it must come before the file.

    With `force`, the same file is ingested again."""

    file_name: Annotated[str, Field(max_length=MAX_FILE_NAME_SENT)] | None = None
    force: bool = False


async def _form(call: Call, request: HttpRequest) -> ArrivingForm | None:
    """None without a body."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    return await arriving_form(call, request) if has_body else None


@router.post(
    "/v1/requests/{request_id:id}:resubmit",
    dependencies=[allowed_to(RequestUseCases.resubmit)],
    status_code=202,
    responses={**problems(409, waiting=[409]), **with_headers(202, {"Location": "Where the child request is."})},
    openapi_extra=form_body(ResubmitPart, required=False, optional=True),
)
async def resubmit_request(
    call: Call,
    form: Annotated[ArrivingForm | None, Depends(_form)],
    request_id: str,
    response: Response,
    idempotency_key: Annotated[Omittable[str], Header(alias="Idempotency-Key", min_length=1, max_length=255)],
) -> ResubmittedView:
    """Ingest corrected rejects as a child request; without a file, the rows of chunks that were set aside."""
    if form is None:
        accepted = await run_sync(call.use_cases.requests.resubmit, call.caller, request_id)
    else:
        async with claimed(call, idempotency_key) as claim:
            accepted = await accept_corrected(form._replace(claim=claim), request_id, idempotency_key)
    response.headers["Location"] = f"/v1/requests/{accepted.request.request_id}"
    child = listed_view(call, accepted.request)
    return ResubmittedView(**child, duplicate=accepted.duplicate)


async def accept_corrected(form: ArrivingForm, request_id: str, idempotency_key: str | None = None) -> Accepted:
    """The child for the corrected file of a form, while that arrives. Raises `Refused`."""
    call, uploads = form.call, form.call.use_cases.uploads
    await run_sync(call.use_cases.requests.check_root, call.caller, request_id)
    received: Received[StoredFile, ResubmitPart] = Received()
    try:
        await receive(
            form,
            received,
            ResubmitPart,
            take=lambda parts: uploads.store(call.caller, parts, (received.request or ResubmitPart()).file_options),
            check=lambda _: None,
        )
        return await run_sync(_accept, call, request_id, received, idempotency_key)
    except (Refused, NotFound):  # anything else may have left a request that names the file
        if received.file is not None:
            await run_sync(uploads.discard, call.caller, received.file)
        raise


def _accept(
    call: Call, request_id: str, received: Received[StoredFile, ResubmitPart], idempotency_key: str | None
) -> Accepted:
    if received.file is None:
        raise refusal("missing_part", "there is no part 'file'", "Send the corrected file as the part file.")
    confirm(call)
    part = received.request or ResubmitPart()
    file = CorrectedFile(received.file, part.file_name or received.file_name, part.encoding, part.force)
    return call.use_cases.requests.resubmit_file(call.caller, request_id, file, idempotency_key=idempotency_key)
