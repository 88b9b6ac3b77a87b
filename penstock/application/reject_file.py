"""The rejects of a request as one file, to be mended and uploaded again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from penstock.application.chunks import Chunks
from penstock.application.requests import Requests
from penstock.application.sealed_objects import SealedObjects, rejects_key
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.file_rules import MAX_HEADER_BYTES, judge_header
from penstock.domain.rejects import Reject, decode_rejects, write_tsv
from penstock.domain.request import Request
from penstock.ports.object_store import ObjectRef


def reject_lines(
    requests: Requests,
    chunks: Chunks,
    files: SealedObjects,
    tenant_id: str,
    request_id: str,
    *,
    only: frozenset[str] = frozenset(),
) -> Iterator[bytes]:
    """The lines of the TSV, its header first; one chunk's rejects are in memory at a time.

    `only`: the rows that were rejected for one of these reasons; all without it.
    Raises `NotFound`; `Refused`: no_rejects, rejects_expired.
    """
    request = requests.get(tenant_id, request_id)
    places = [
        rejects_key(tenant_id, request_id, manifest.chunk)
        for manifest in chunks.manifests(tenant_id, request_id)
        if manifest.has_rejects
    ]
    if not places:
        raise refusal("no_rejects", "this request has no rejects", "There is nothing to correct.")
    rejects = _rejects(files, tenant_id, places)
    wanted = (reject for reject in rejects if not only or only.intersection(reject.reasons))
    return write_tsv(_columns(requests, files, request), wanted)


def _columns(requests: Requests, files: SealedObjects, request: Request) -> Sequence[str]:
    """The header of the uploaded file, which is kept as long as the rejects are."""
    ref = ObjectRef(request.object_key, request.object_version, request.object_size)
    try:
        reader = files.open(request.tenant_id, ref)
    except NotFound:
        raise _expired() from None
    head = reader.read(0, min(reader.size, MAX_HEADER_BYTES))
    limits = requests.plan(request.tenant_id, request.request_id).limits
    return judge_header(head, mapping=None, limits=limits, complete=len(head) == reader.size).columns


def _rejects(files: SealedObjects, tenant_id: str, places: Iterable[str]) -> Iterator[Reject]:
    for place in places:
        try:
            reader = files.open(tenant_id, files.stat(place))
        except NotFound:
            raise _expired() from None
        yield from decode_rejects(reader.read(0, reader.size))


def _expired() -> Refused:
    return refusal(
        "rejects_expired",
        "the rejects of this request are past their retention",
        "Upload the file again to find out which rows do not fit.",
    )
