"""Files that arrive in parts (tus 1.0.0): each part goes straight to sealed storage, and is listed once it is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from anyio.from_thread import run as run_in_loop
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Response
from fastapi import Request as HttpRequest

from penstock.application.drafts.use_cases import DraftUseCases
from penstock.documents.drafts import DraftList, DraftView, draft_view
from penstock.documents.inspections import InspectionView, inspection_view
from penstock.domain.errors import refusal
from penstock.domain.files.draft import Checksum, Draft
from services.uploader.api.access import allowed_on_pages, allowed_to, confirm
from services.uploader.api.incoming import IncomingBody
from services.uploader.api.openapi import bytes_body, problems, with_headers
from services.uploader.api.route import Operation, incoming_body, media_type
from services.uploader.api.services import Call
from services.uploader.api.tus import (
    DIGITS,
    FILES,
    PART,
    SameVersion,
    TusOperation,
    UploadChecksum,
    UploadMetadata,
    file_name_in,
    offset_headers,
)
from services.uploader.api.upload_parts import InspectPart
from services.uploader.api.uploads import UNNAMED

tus_router = APIRouter(route_class=TusOperation, dependencies=[SameVersion])
router = APIRouter(route_class=Operation)

_TUS = {"Tus-Resumable": "The version of the protocol."}
_OFFSET = {
    **_TUS,
    "Upload-Offset": "The bytes that have arrived.",
    "Upload-Expires": "When the file is deleted unless more of it arrives.",
}
_CREATED = {**_OFFSET, "Location": "Where the file's bytes go."}
_STATE = {
    **_OFFSET,
    "Upload-Length": "The bytes of the whole file.",
    "Upload-Metadata": "The header with which the file was created.",
}


@tus_router.post(
    FILES,
    dependencies=[allowed_on_pages(DraftUseCases.create)],
    status_code=201,
    response_class=Response,
    responses={**problems(412, 460), **with_headers(201, _CREATED)},
    openapi_extra=bytes_body(PART, required=False),
)
async def create_file(
    call: Call,
    request: HttpRequest,
    upload_length: Annotated[str, Header(alias="Upload-Length", pattern=DIGITS)],
    upload_metadata: UploadMetadata,
    checksum: UploadChecksum,
) -> Response:
    """Announce a file that arrives in parts; the body may be its first part."""
    drafts, body = call.use_cases.drafts, incoming_body(request)
    has_part = _has_part(request)
    metadata = upload_metadata or ""
    create = partial(
        drafts.create,
        call.caller,
        length=int(upload_length),
        file_name=file_name_in(metadata) or UNNAMED,
        metadata=metadata,
    )
    draft = await run_sync(create)
    if has_part:
        try:
            draft = await _append(call, body, draft, checksum)
        except BaseException:  # the client does not know the file
            await run_sync(drafts.delete, call.caller, draft.file_id)
            raise
    headers = {"Location": f"{FILES}/{draft.file_id}", **offset_headers(draft)}
    return Response(status_code=201, headers=headers)


@tus_router.patch(
    "/v1/files/{file_id:id}",
    dependencies=[allowed_on_pages(DraftUseCases.append)],
    status_code=204,
    response_class=Response,
    responses={**problems(409, 410, 412, 460), **with_headers(204, _OFFSET)},
    openapi_extra=bytes_body(PART, required=True),
)
async def append_to_file(
    call: Call,
    request: HttpRequest,
    file_id: str,
    upload_offset: Annotated[str, Header(alias="Upload-Offset", pattern=DIGITS)],
    checksum: UploadChecksum,
) -> Response:
    """Add bytes to a file, from its present end on."""
    if media_type(request) != PART:
        raise refusal("unsupported_media_type", "the body is not a part of a file", f"Send it as {PART}.")
    draft = await run_sync(call.use_cases.drafts.begin, call.caller, file_id, int(upload_offset))
    draft = await _append(call, incoming_body(request), draft, checksum)
    return Response(status_code=204, headers=offset_headers(draft))


@tus_router.head(
    "/v1/files/{file_id:id}",
    dependencies=[allowed_on_pages(DraftUseCases.get)],
    response_class=Response,
    responses={**problems(410, 412), **with_headers(200, _STATE)},
)
def file_offset(call: Call, file_id: str) -> Response:
    """How much of a file has arrived."""
    draft = call.use_cases.drafts.get(call.caller, file_id)
    metadata = {"Upload-Metadata": draft.metadata} if draft.metadata else {}
    return Response(headers={**offset_headers(draft), "Upload-Length": str(draft.length), **metadata})


@tus_router.delete(
    "/v1/files/{file_id:id}",
    dependencies=[allowed_on_pages(DraftUseCases.delete)],
    status_code=204,
    response_class=Response,
    responses={**problems(410, 412), **with_headers(204, _TUS)},
)
def delete_file(call: Call, file_id: str) -> Response:
    """Delete a file that is not to be finished."""
    call.use_cases.drafts.delete(call.caller, file_id)
    return Response(status_code=204)


@router.get("/v1/files", dependencies=[allowed_to(DraftUseCases.all)])
def list_files(call: Call) -> DraftList:
    """The files that arrive in parts and have no request yet."""
    return DraftList(files=[draft_view(draft) for draft in call.use_cases.drafts.all(call.caller)])


@router.get("/v1/files/{file_id:id}", dependencies=[allowed_to(DraftUseCases.get)], responses=problems(410))
def get_file(call: Call, file_id: str) -> DraftView:
    """A file that arrives in parts."""
    return draft_view(call.use_cases.drafts.get(call.caller, file_id))


@router.post(
    "/v1/files/{file_id:id}:inspect",
    dependencies=[allowed_to(DraftUseCases.inspect)],
    responses=problems(409, 410),
)
async def inspect_arriving_file(call: Call, file_id: str, part: InspectPart) -> InspectionView:
    """Look at what has arrived of a file: its faults, and a suggested mapping, while the rest is still coming."""
    async with call.services.uploads.held(call.caller):
        return await run_sync(_inspected, call, file_id, part, limiter=call.services.upload_threads)


def _inspected(call: Call, file_id: str, part: InspectPart) -> InspectionView:
    uploads = call.use_cases.uploads
    if part.data_source is not None:
        uploads.check_source(call.caller, part.data_source)
    options = uploads.file_options(call.caller, part.data_source, part.file_options)
    inspection = call.use_cases.drafts.inspect(call.caller, file_id, options)
    confirm(call)
    return inspection_view(uploads.review(call.caller, inspection, part.data_source))


async def _append(call: Call, body: IncomingBody, draft: Draft, checksum: Checksum | None) -> Draft:
    """Take the body as the next bytes of a file."""
    body.allow(draft.length - draft.offset)
    async with call.services.uploads.held(call.caller):
        draft = await run_sync(
            call.use_cases.drafts.append,
            call.caller,
            draft.file_id,
            draft.offset,
            _pulled(call, body),
            checksum,
            limiter=call.services.upload_threads,
        )
    await run_sync(confirm, call)
    return draft


def _pulled(call: Call, body: IncomingBody) -> Iterator[bytes]:
    """The bytes of a body, for a worker thread: it asks, and so sets the pace of the client."""
    while piece := run_in_loop(body.piece):
        call.services.metrics.received.inc(len(piece))
        yield piece


def _has_part(request: HttpRequest) -> bool:
    """Whether a file comes with its first part. Raises `Refused` for another body."""
    if media_type(request) == PART:
        return True
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        raise refusal("unsupported_media_type", "the body is not a part of a file", f"Send it as {PART}.")
    return False
