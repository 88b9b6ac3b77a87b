"""The rejects of a request, as a file to correct and to upload again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from penstock.application.requests.use_cases import RequestUseCases
from penstock.domain.files.formats import FORMATS
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Model

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
