"""Taking files in: a form is read part by part while it arrives, and its file goes straight to sealed storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Generic, TypeVar

import msgspec
from anyio.from_thread import run as run_in_loop
from anyio.to_thread import run_sync
from msgspec import UNSET, UnsetType

from penstock.application.catalog.column_specs import ColumnSpec, Name
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.intake import StoredFile
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.access.permissions import Permission
from penstock.domain.delivery.email_address import MAX_ADDRESSES
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.limits import MAX_FILE_NAME_SENT
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request
from services.uploader.api.decoding import decode_json, given
from services.uploader.api.multipart import Multipart
from services.uploader.api.operations import Call, MultipartForm, Reply, operation
from services.uploader.api.views import InspectionView, RequestView, request_view, suggestion_view

FORM_PART_BYTES = 1 << 20  # of the part `request`
OVERHEAD_BYTES = 128 * 1024  # boundaries and part headers
UPLOADS_PER_KEY = 8  # taken in at once; more wait, and hold nothing in memory while they do
UPLOADS_PER_TENANT = 16
UPLOADS_IN_ALL = 64
SLOT_SECONDS = 60.0  # that an upload waits for its turn
UNNAMED = "file"

F = TypeVar("F")
R = TypeVar("R")


class UploadPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part `request` of an upload. Without `mapping` the data source's saved one is used.

    With `create_data_source` the data source may be new, unless its name is nearly that of another.
    """

    data_source: Name
    mode: Mode = Mode.UPSERT
    segment: Name | None = None
    notify: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_ADDRESSES)] = ()
    mapping: Annotated[tuple[ColumnSpec, ...], msgspec.Meta(min_length=1)] | None = None
    file_name: Annotated[str, msgspec.Meta(max_length=MAX_FILE_NAME_SENT)] | None = None
    create_data_source: bool = False


class InspectPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part `request` of an inspection: with a data source, its saved mapping is checked as well."""

    data_source: Name | None = None


class UploadHeaders(msgspec.Struct, frozen=True, kw_only=True):
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | UnsetType = msgspec.field(
        name="Idempotency-Key", default=UNSET
    )


class _Received(msgspec.Struct, Generic[F, R]):
    """What has arrived of a form so far: what was made of the file, its name, and the part `request`."""

    file: F | None = None
    file_name: str = UNNAMED
    request: R | None = None


@operation(
    "POST",
    "/v1/uploads",
    permission=Permission.UPLOAD,
    status=202,
    answers=RequestView,
    reply_headers={"Location": "Where the request is."},
    problems=(404, 409),
    form=MultipartForm(UploadPart, request_required=True),
)
async def upload(call: Call, headers: UploadHeaders) -> Reply:
    """Upload a file to be ingested."""
    received: _Received[StoredFile, UploadPart] = _Received()
    try:
        await _receive(
            call,
            received,
            UploadPart,
            take=lambda parts: call.use_cases.uploads.store(call.caller, parts),
            check=lambda part: _check_source(call, part.data_source, create=part.create_data_source),
        )
        request = await run_sync(_accept, call, received, given(headers.idempotency_key))
    except (Refused, NotFound):  # anything else may have left a request that names the file
        if received.file is not None:
            await run_sync(call.use_cases.uploads.discard, call.caller, received.file)
        raise
    view = request_view(request, call.services.clock.now_us())
    return Reply(view, {"Location": f"/v1/requests/{request.request_id}"})


@operation(
    "POST",
    "/v1/files:inspect",
    permission=Permission.UPLOAD,
    answers=InspectionView,
    problems=(404,),
    form=MultipartForm(InspectPart, request_required=False),
)
async def inspect_file(call: Call) -> InspectionView:
    """Look at a file before anything of it is stored."""
    received: _Received[Inspection, InspectPart] = _Received()
    await _receive(
        call,
        received,
        InspectPart,
        take=lambda parts: call.use_cases.uploads.inspect(call.caller, parts),
        check=lambda part: _check_source(call, part.data_source),
    )
    if received.file is None:
        raise _missing("file")
    inspection = received.file
    return await run_sync(_inspected, call, inspection, received.request or InspectPart())


def _inspected(call: Call, inspection: Inspection, part: InspectPart) -> InspectionView:
    call.confirm()
    review = call.use_cases.uploads.review(call.caller, inspection, part.data_source)
    return InspectionView(
        compression=review.compression,
        faults=review.faults,
        columns=review.columns,
        sample_rows=review.rows,
        suggested_mapping=[suggestion_view(each) for each in review.suggestions],
    )


async def _receive(
    call: Call,
    received: _Received[F, R],
    kind: type[R],
    *,
    take: Callable[[Iterator[bytes]], F],
    check: Callable[[R], None],
) -> None:
    """Read a form into `received`, its parts in any order.

    `take` and `check` run in a thread; `take` pulls the file's bytes, `check` refuses a request as soon as it is there,
    so that no file is taken in for nothing when it comes first.
    """
    form = Multipart(call.content_type, call.incoming)
    call.incoming.allow(call.use_cases.uploads.limits.file_bytes + FORM_PART_BYTES + OVERHEAD_BYTES)
    while part := await form.next_part():
        match part.name:
            case "file" if received.file is None:
                received.file_name = part.file_name or UNNAMED
                async with call.services.uploads.held(call.caller):
                    received.file = await run_sync(take, _pulled(call, form), limiter=call.services.upload_threads)
            case "request" if received.request is None:
                received.request = decode_json(await form.read_all(FORM_PART_BYTES), kind)
                await run_sync(check, received.request)
            case "file" | "request":
                raise refusal("repeated_part", f"there are two parts {part.name!r}", "Send each part once.")
            case _:
                raise refusal("unknown_part", "there is a part that is neither file nor request", "Leave it out.")


def _pulled(call: Call, form: Multipart) -> Iterator[bytes]:
    """The bytes of the present part, for a worker thread: it asks, and so sets the pace of the client."""
    while piece := run_in_loop(form.read):
        call.services.metrics.received.inc(len(piece))
        yield piece


def _accept(call: Call, received: _Received[StoredFile, UploadPart], idempotency_key: str | None) -> Request:
    if received.file is None:
        raise _missing("file")
    if received.request is None:
        raise _missing("request")
    call.confirm()
    part = received.request
    command = UploadCommand(
        data_source=part.data_source,
        file_name=part.file_name or received.file_name,
        uploaded_by=call.caller.name,
        mode=part.mode,
        segment=part.segment,
        notify=part.notify,
        columns=part.mapping,
        create_source=part.create_data_source,
    )
    return call.use_cases.uploads.accept(call.caller, received.file, command, idempotency_key=idempotency_key)


def _check_source(call: Call, name: str | None, *, create: bool = False) -> None:
    """Raise `Refused` for a data source that does not exist, such as one that is mistyped."""
    if name is not None:
        call.use_cases.uploads.check_source(call.caller, name, create=create)


def _missing(name: str) -> Refused:
    return refusal("missing_part", f"there is no part {name!r}", "Send the parts file and request, in any order.")
