"""The rejects of a request, as a file to correct and to upload again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from penstock.application.requests.use_cases import RequestUseCases
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

PIECE_BYTES = 64 * 1024

router = APIRouter(route_class=Operation)


class Tsv(StreamingResponse):
    media_type = "text/tab-separated-values"


@router.get(
    "/v1/requests/{request_id:id}/rejects", dependencies=[allowed_to(RequestUseCases.rejects)], response_class=Tsv
)
def download_rejects(call: Call, request_id: str) -> Tsv:
    """The rejected rows with their line numbers and reasons, as TSV."""
    lines = call.use_cases.requests.rejects(call.caller, request_id)
    return Tsv(_pieces(lines), headers={"Content-Disposition": f'attachment; filename="rejects-{request_id}.tsv"'})


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines joined to pieces that are worth a send each."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
