"""The rejects of a request, as a file to correct and to upload again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from penstock.application.access import Role
from penstock.application.sealed_objects import rejects_key
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.file_rules import MAX_HEADER_BYTES, judge_header
from penstock.domain.rejects import Reject, decode_rejects, write_tsv
from penstock.domain.request import Request
from penstock.ports.object_store import ObjectRef
from services.uploader.api.operations import Call, Reply, operation

TSV = "text/tab-separated-values"
PIECE_BYTES = 64 * 1024


@operation("GET", "/v1/requests/{request_id}/rejects", role=Role.UPLOADER, media=TSV)
def download_rejects(call: Call, request_id: str) -> Reply:
    """The rejected rows with their line numbers and reasons, as TSV."""
    request = call.system.requests.get(call.tenant_id, request_id)
    places = [
        rejects_key(call.tenant_id, request_id, manifest.chunk)
        for manifest in call.system.requests.manifests(call.tenant_id, request_id)
        if manifest.has_rejects
    ]
    if not places:
        raise refusal("no_rejects", "this request has no rejects", "There is nothing to correct.")
    lines = write_tsv(_columns(call, request), _rejects(call, places))
    call.audit("rejects.downloaded", request_id=request_id)
    disposition = f'attachment; filename="rejects-{request.request_id}.tsv"'
    return Reply(_pieces(lines), {"Content-Disposition": disposition})


def _columns(call: Call, request: Request) -> Sequence[str]:
    """The header of the uploaded file, which is kept as long as the rejects are."""
    ref = ObjectRef(request.object_key, request.object_version, request.object_size)
    try:
        reader = call.system.files.open(call.tenant_id, ref)
    except NotFound:
        raise _expired() from None
    head = reader.read(0, min(reader.size, MAX_HEADER_BYTES))
    limits = call.system.requests.plan(call.tenant_id, request.request_id).limits
    return judge_header(head, mapping=None, limits=limits, complete=len(head) == reader.size).columns


def _rejects(call: Call, places: Iterable[str]) -> Iterator[Reject]:
    """Chunk by chunk, so that one chunk's rejects are in memory at a time."""
    for place in places:
        try:
            reader = call.system.files.open(call.tenant_id, call.system.files.stat(place))
        except NotFound:
            raise _expired() from None
        yield from decode_rejects(reader.read(0, reader.size))


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


def _expired() -> Refused:
    return refusal(
        "rejects_expired",
        "the rejects of this request are past their retention",
        "Upload the file again to find out which rows do not fit.",
    )
