"""The file of an import: it arrives in parts from a browser with scripts (tus), and in one form from any other."""

from __future__ import annotations

from collections.abc import Iterator

from anyio.from_thread import run as run_in_loop
from anyio.to_thread import run_sync
from starlette.responses import JSONResponse, Response

from penstock.application.imports.use_cases import ImportUseCases, no_file
from penstock.domain.errors import refusal
from services.uploader.api.access import confirm
from services.uploader.api.multipart import Multipart
from services.uploader.api.route import incoming_body
from services.uploader.api.tus import FILES
from services.uploader.console.visits import Visit, action, go, receiving

OVERHEAD_BYTES = 128 * 1024  # boundaries and part headers
MAX_DIGITS = 15


def announce(visit: Visit) -> Response:
    """Where the bytes of the chosen file go, and how many of them have arrived already."""
    size = visit.form.text("size")
    if not (size.isascii() and size.isdigit() and len(size) <= MAX_DIGITS):
        raise refusal("bad_request", "the size of the file is missing", "Choose the file again.")
    file = visit.use_cases.imports.expect_file(
        visit.caller, visit.request.path_params["draft_id"], file_name=visit.form.text("name"), length=int(size)
    )
    return JSONResponse({"url": f"{FILES}/{file.file_id}", "offset": file.offset})


async def receive(visit: Visit) -> Response:
    """The file in a form."""
    body = incoming_body(visit.request)
    parts = Multipart(visit.request.headers.get("content-type", ""), body)
    body.allow(visit.use_cases.imports.limits.file_bytes + OVERHEAD_BYTES)
    part = await parts.next_part()
    if part is None or not part.file_name:
        raise no_file()
    draft_id, file_name = visit.request.path_params["draft_id"], part.file_name

    def store() -> None:
        visit.use_cases.imports.receive_file(visit.caller, draft_id, file_name=file_name, pieces=_pulled(visit, parts))

    async with visit.services.uploads.held(visit.caller):
        await run_sync(store, limiter=visit.services.upload_threads)
    return go(f"/imports/new/{draft_id}")


def _pulled(visit: Visit, parts: Multipart) -> Iterator[bytes]:
    """The bytes of the file, for a worker thread: it asks, and so sets the pace of the browser. Raises `Refused`
    (unauthorized) at the end if the session has ended meanwhile."""
    while piece := run_in_loop(parts.read):
        visit.services.metrics.received.inc(len(piece))
        yield piece
    confirm(visit.call)


routes = [
    action("/imports/new/{draft_id}/file", announce, of=ImportUseCases.expect_file),
    receiving("/imports/new/{draft_id}/upload", receive, of=ImportUseCases.receive_file),
]
