"""Taking files in: a form is read part by part while it arrives, and its file goes straight to sealed storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Generic, NamedTuple, Protocol, TypeVar

from anyio.from_thread import run as run_in_loop
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Response
from fastapi import Request as HttpRequest

from penstock.application.requests.key_claims import KeyClaim
from penstock.application.uploads.dry_run import DryRun
from penstock.application.uploads.inspection import Inspection
from penstock.application.uploads.stored_file import StoredFile
from penstock.application.uploads.upload_command import not_notified
from penstock.application.uploads.use_cases import UploadUseCases
from penstock.documents.checks import CheckView, check_view
from penstock.documents.inspections import AcceptedView, InspectionView, accepted_view, inspection_view
from penstock.documents.requests import RequestView, request_view
from penstock.domain.errors import NotFound, Refused, Unavailable, refusal
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.requests.request import Request
from services.uploader.api.access import allowed_to, confirm
from services.uploader.api.key_claims import claimed
from services.uploader.api.multipart import Multipart, Part
from services.uploader.api.openapi import JSON, form_body, problems, with_headers
from services.uploader.api.requests import detailed_view
from services.uploader.api.route import Operation, incoming_body, json_body, media_type
from services.uploader.api.services import Call
from services.uploader.api.upload_parts import CheckPart, DraftUpload, FilePart, InspectPart, UploadPart
from services.uploader.api.validation import Omittable, model_of

FORM_PART_BYTES = 1 << 20  # of the part `request`
OVERHEAD_BYTES = 128 * 1024  # boundaries and part headers
UPLOADS_PER_KEY = 8  # taken in at once; more wait, and hold nothing in memory while they do
UPLOADS_PER_TENANT = 16
UPLOADS_IN_ALL = 64
SLOT_SECONDS = 60.0  # that an upload waits for its turn
UNNAMED = "file"

F = TypeVar("F")
R = TypeVar("R", bound="FilePart")

router = APIRouter(route_class=Operation)


class FormParts(Protocol):
    """The parts of a form while it arrives, as `Multipart` has them."""

    async def next_part(self) -> Part | None: ...

    async def read(self) -> bytes: ...

    async def read_all(self, limit: int) -> bytes: ...


class ArrivingForm(NamedTuple):
    """A form that arrives, and for whom it is read; `claim` is that on its idempotency key."""

    call: Call
    parts: FormParts
    claim: KeyClaim | None = None


@dataclass
class Received(Generic[F, R]):
    """What has arrived of a form so far: what was made of the file, its name, and the part `request`."""

    file: F | None = None
    file_name: str = UNNAMED
    request: R | None = None


async def arriving_form(call: Call, request: HttpRequest) -> ArrivingForm:
    body = incoming_body(request)
    parts = Multipart(request.headers.get("content-type", ""), body)
    body.allow(call.use_cases.uploads.limits.file_bytes + FORM_PART_BYTES + OVERHEAD_BYTES)
    return ArrivingForm(call, parts)


Form = Annotated[ArrivingForm, Depends(arriving_form)]


@router.post(
    "/v1/uploads",
    dependencies=[allowed_to(UploadUseCases.accept)],
    status_code=202,
    responses={**problems(404, 409, 410, waiting=[409]), **with_headers(202, {"Location": "Where the request is."})},
    openapi_extra=form_body(UploadPart, required=True, document=DraftUpload),
)
async def upload(
    call: Call,
    request: HttpRequest,
    response: Response,
    idempotency_key: Annotated[Omittable[str], Header(alias="Idempotency-Key", min_length=1, max_length=255)],
) -> AcceptedView:
    """Upload a file to be ingested, as a form; or in JSON, one that has arrived in parts."""
    if media_type(request) == JSON:
        accepted = await _accept_arrived(call, await json_body(request), idempotency_key)
    else:
        form = await arriving_form(call, request)
        async with claimed(call, idempotency_key) as claim:
            accepted = await _accept_form(form._replace(claim=claim), idempotency_key)
    response.headers["Location"] = f"/v1/requests/{accepted['request_id']}"
    return accepted


async def _accept_form(form: ArrivingForm, idempotency_key: str | None) -> AcceptedView:
    call, uploads = form.call, form.call.use_cases.uploads
    received: Received[StoredFile, UploadPart] = Received()
    try:
        await receive(
            form,
            received,
            UploadPart,
            take=lambda parts: uploads.store(call.caller, parts, _options_of(call, received.request)),
            check=lambda part: uploads.check_source(call.caller, part.data_source, create=part.create_data_source),
        )
        return await run_sync(_accept, call, received, idempotency_key)
    except (Refused, NotFound):  # anything else may have left a request that names the file
        if received.file is not None:
            await run_sync(uploads.discard, call.caller, received.file)
        raise


async def _accept_arrived(call: Call, raw: bytes, idempotency_key: str | None) -> AcceptedView:
    document = model_of(DraftUpload, raw)
    async with call.services.uploads.held(call.caller):
        return await run_sync(accept_draft, call, document, idempotency_key, limiter=call.services.upload_threads)


def accept_draft(
    call: Call, document: DraftUpload, idempotency_key: str | None, *, keep_duplicate: bool = False
) -> AcceptedView:
    """Make a request of a file that has arrived. If this is refused, the file stays, for another attempt; with
    `keep_duplicate`, also if it has led to an earlier request."""
    drafts, uploads, caller = call.use_cases.drafts, call.use_cases.uploads, call.caller
    uploads.check_source(caller, document.data_source, create=document.create_data_source)
    draft = drafts.claim(caller, document.file_id, _identity(document, idempotency_key))
    if draft.request_id is not None:
        return _accepted_before(call, draft.request_id, draft.renamed_columns)
    key = idempotency_key or f"file\n{document.file_id}"  # no header contains a line end
    try:
        options = uploads.file_options(caller, document.data_source, document.file_options)
        stored = drafts.store(caller, draft, options)
        accepted = _accept_or_discard(call, Received(stored, draft.file_name, document), stored, key)
    except (Refused, NotFound):
        draft = drafts.release(caller, document.file_id)
        if draft.request_id is not None:  # the same call, sent again, was faster
            return _accepted_before(call, draft.request_id, draft.renamed_columns)
        raise
    if accepted["duplicate"] and keep_duplicate:
        drafts.release(caller, document.file_id)
        return accepted
    with suppress(Refused, NotFound):  # deleted meanwhile: the request has its file
        drafts.finish(caller, document.file_id, accepted["request_id"], accepted["renamed_columns"])
    return accepted


def _accepted_before(call: Call, request_id: str, renamed_columns: dict[str, str]) -> AcceptedView:
    request = call.use_cases.requests.get(call.caller, request_id)
    return accepted_view(_view(call, request), renamed_columns)


def _accept_or_discard(
    call: Call, received: Received[StoredFile, UploadPart], stored: StoredFile, idempotency_key: str
) -> AcceptedView:
    try:
        return _accept(call, received, idempotency_key)
    except (Refused, NotFound):
        call.use_cases.uploads.discard(call.caller, stored)
        raise


def _identity(document: DraftUpload, idempotency_key: str | None) -> str:
    """Equal for a repetition of the same call."""
    digest = blake2b(document.model_dump_json().encode(), digest_size=16, person=b"penstock call")
    digest.update(b"" if idempotency_key is None else idempotency_key.encode())
    return digest.hexdigest()


@router.post(
    "/v1/files:check",
    dependencies=[allowed_to(UploadUseCases.dry_run)],
    responses=problems(404),
    openapi_extra=form_body(CheckPart, required=True),
)
async def check_file(form: Form) -> CheckView:
    """What would become of a file's rows, and what would fix those that do not fit; stores nothing.

    The part `request` comes before the part `file`.
    """
    call, uploads = form.call, form.call.use_cases.uploads
    received: Received[DryRun, CheckPart] = Received()

    def take(parts: Iterator[bytes]) -> DryRun:
        if received.request is None:
            raise refusal("missing_part", "there is no part 'request' before the file", "Send the part request first.")
        return uploads.dry_run(call.caller, parts, received.request.command(call.caller.name, received.file_name))

    await receive(
        form,
        received,
        CheckPart,
        take=take,
        check=lambda part: uploads.check_source(call.caller, part.data_source, create=part.create_data_source),
    )
    if received.file is None:
        raise _missing("file")
    return check_view(received.file)


@router.post(
    "/v1/files:inspect",
    dependencies=[allowed_to(UploadUseCases.inspect)],
    responses=problems(404),
    openapi_extra=form_body(InspectPart, required=False),
)
async def inspect_file(form: Form) -> InspectionView:
    """Look at a file before anything of it is stored: its faults, and a suggested mapping from names and values."""
    call, uploads = form.call, form.call.use_cases.uploads
    received: Received[Inspection, InspectPart] = Received()

    def check(part: InspectPart) -> None:
        if part.data_source is not None:
            uploads.check_source(call.caller, part.data_source)

    def take(parts: Iterator[bytes]) -> Inspection:
        return uploads.inspect(call.caller, parts, _options_of(call, received.request))

    await receive(form, received, InspectPart, take=take, check=check)
    if received.file is None:
        raise _missing("file")
    return await run_sync(_inspected, call, received.file, received.request or InspectPart())


def _inspected(call: Call, inspection: Inspection, part: InspectPart) -> InspectionView:
    confirm(call)
    return inspection_view(call.use_cases.uploads.review(call.caller, inspection, part.data_source))


async def receive(
    form: Form,
    received: Received[F, R],
    kind: type[R],
    *,
    take: Callable[[Iterator[bytes]], F],
    check: Callable[[R], None],
) -> None:
    """Read a form into `received`, its parts in any order.

    `take` and `check` run in a thread; `take` pulls the file's bytes, `check` refuses a request as soon as it is there,
    so that no file is taken in for nothing when it comes first.
    """
    while part := await form.parts.next_part():
        match part.name:
            case "file" if received.file is None:
                received.file_name = part.file_name or UNNAMED
                async with form.call.services.uploads.held(form.call.caller):
                    received.file = await run_sync(take, _pulled(form), limiter=form.call.services.upload_threads)
            case "request" if received.request is None:
                received.request = model_of(kind, await form.parts.read_all(FORM_PART_BYTES))
                if received.file is not None and received.request.encoding is not None:
                    raise _encoding_too_late()
                await run_sync(check, received.request)
            case "file" | "request":
                raise refusal("repeated_part", f"there are two parts {part.name!r}", "Send each part once.")
            case _:
                raise refusal("unknown_part", "a part must be named file or request", "Leave it out.")


def _options_of(call: Call, part: UploadPart | InspectPart | None) -> FileOptions:
    """How the file is read, as far as that is known before it arrives."""
    if part is None:
        return FileOptions()
    return call.use_cases.uploads.file_options(call.caller, part.data_source, part.file_options)


def _pulled(form: Form) -> Iterator[bytes]:
    """The bytes of the present part, for a worker thread: it asks, and so sets the pace of the client."""
    while piece := run_in_loop(form.parts.read):
        form.call.services.metrics.received.inc(len(piece))
        if form.claim is not None:
            form.claim.renew()
        yield piece


def _accept(call: Call, received: Received[StoredFile, UploadPart], idempotency_key: str | None) -> AcceptedView:
    file, part = received.file, received.request
    if file is None:
        raise _missing("file")
    if part is None:
        raise _missing("request")
    confirm(call)
    uploads, command = call.use_cases.uploads, part.command(call.caller.name, received.file_name)
    file = received.file = uploads.decoded(call.caller, file, command)
    accepted = uploads.accept(call.caller, file, command, idempotency_key=idempotency_key)
    renamed = uploads.renamed_columns(call.caller, file, accepted.request)
    return accepted_view(
        _view(call, accepted.request),
        renamed,
        warnings=uploads.warnings(call.caller, file, accepted.request),
        duplicate=accepted.duplicate,
        not_notified=not_notified(command, accepted.request.notify),
        left_out=accepted.left_out,
    )


def _view(call: Call, request: Request) -> RequestView:
    """With its e-mails if they can be read: an accepted upload must not be answered with an error."""
    with suppress(Unavailable):
        return detailed_view(call, request)
    return request_view(request, call.services.clock.now_us())


def _encoding_too_late() -> Refused:
    hint = "Send the part request first: the file is transcoded while it is received."
    return refusal("encoding_after_file", "the encoding is declared after the file", hint)


def _missing(name: str) -> Refused:
    return refusal("missing_part", f"there is no part {name!r}", "Send the parts file and request, in any order.")
