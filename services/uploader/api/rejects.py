"""The rejects of a request: page by page, and as a file to correct and to upload again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.rejected_rows import RejectedRowsPage, rejected_rows_page
from penstock.domain.files.formats import FORMATS
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Limit, Model

PIECE_BYTES = 64 * 1024

router = APIRouter(route_class=Operation)


CONTENT: dict[str, Any] = {registered.media_type: {"schema": {"type": "string"}} for registered in FORMATS.values()}


class RejectsQuery(Model):
    """`dropped`: the rows that were ingested without cells that did not fit. `bom`: begin with a byte-order mark."""

    dropped: Annotated[bool, Field(strict=False)] = False
    bom: Annotated[bool, Field(strict=False)] = False


@router.get(
    "/v1/requests/{request_id:id}/rejects",
    dependencies=[allowed_to(RequestUseCases.rejects)],
    response_class=StreamingResponse,
    responses={200: {"content": CONTENT}},
)
def download_rejects(call: Call, request_id: str, query: Annotated[RejectsQuery, Query()]) -> StreamingResponse:
    """The rejected rows, or those that lost cells, with lines and reasons, in the format of the uploaded file."""
    file = call.use_cases.requests.rejects(call.caller, request_id, dropped=query.dropped, bom=query.bom)
    name = f"{'dropped' if query.dropped else 'rejects'}-{request_id}.{file.extension}"
    return StreamingResponse(
        pieces(file.parts),
        media_type=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class RejectedRowsQuery(Model):
    """`reason` selects the rows with this code as their first reason; `dropped`: the rows that were ingested without
    cells that did not fit, of which `reason` selects those that lost a cell for this code. `reveal` shows personal
    values, needs a permission of its own and is audited. `after` is the `next` of the page before.
    """

    reason: Annotated[str, Field(pattern="^[a-z0-9_]{0,64}$")] = ""
    dropped: Annotated[bool, Field(strict=False)] = False
    reveal: Annotated[bool, Field(strict=False)] = False
    after: Annotated[str, Field(pattern=r"^([0-9]{1,9}\.[0-9]{1,9})?$")] = ""
    limit: Limit = 50


@router.get("/v1/requests/{request_id:id}/rejected-rows", dependencies=[allowed_to(RequestUseCases.masked_rejects)])
def list_rejected_rows(call: Call, request_id: str, query: Annotated[RejectedRowsQuery, Query()]) -> RejectedRowsPage:
    """The rejected rows, or those that lost cells, with their reasons; personal values masked unless revealed.

    A page may be short, or empty, before the last.
    """
    requests = call.use_cases.requests
    read = requests.rejected_rows if query.reveal else requests.masked_rejects
    page = read(
        call.caller,
        request_id,
        reason=query.reason,
        after=query.after,
        limit=query.limit,
        dropped=query.dropped,
    )
    corrected = requests.corrected_lines(call.caller, requests.get(call.caller, request_id))
    return rejected_rows_page(request_id, page, corrected, is_masked=not query.reveal)


def pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines joined to pieces that are worth a send each."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
