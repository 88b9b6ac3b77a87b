"""The rejects of a request, as a file to correct and to upload again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from penstock.domain.access.permissions import Permission
from services.uploader.api.operations import Call, Reply, operation

TSV = "text/tab-separated-values"
PIECE_BYTES = 64 * 1024


@operation("GET", "/v1/requests/{request_id}/rejects", permission=Permission.DOWNLOAD_REJECTS, media=TSV)
def download_rejects(call: Call, request_id: str) -> Reply:
    """The rejected rows with their line numbers and reasons, as TSV."""
    lines = call.use_cases.requests.rejects(call.caller, request_id)
    return Reply(_pieces(lines), {"Content-Disposition": f'attachment; filename="rejects-{request_id}.tsv"'})


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
