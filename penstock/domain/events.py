"""The events that the services exchange; none contains a customer's value.

The type of a field has its limits, which the codec checks when an event is written or read. Rules across fields are
checked whenever an event is created, and raise `ValueError`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from penstock.domain import tenants
from penstock.domain.errors import Fault, KeyRevoked, PenstockError, Problem, Refused
from penstock.domain.mapping.mapping import Mode

UPLOAD_REQUESTED = "penstock.upload-requested"
UPLOAD_OFFERED = "penstock.upload-offered"
CHUNK_READY = "penstock.chunk-ready"
CHUNK_EXPRESS = "penstock.chunk-express"  # chunks of requests that have one
PROGRESS = "penstock.progress"
STATUS = "penstock.status"
DEAD_LETTER = "penstock.dead-letter"

SIGNATURE_BYTES = 32  # HMAC-SHA-256
MAX_CHUNKS = 1_000_000  # of one request: the tracker stores a bit for each, so this bounds it to 125 kB

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Chunk = Annotated[int, Meta(ge=0, lt=MAX_CHUNKS)]
NonEmpty = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
TenantId = Annotated[str, Meta(pattern=rf"\A{tenants.TENANT}\Z")]
UuidV7 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")]
PublisherId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]
ObjectKey = Annotated[str, Meta(pattern=r"\A(?!(.*/)?\.{1,2}(/|\Z))[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\Z")]


class UploadRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A file is ready to be ingested. Its plan is in the control store under the request id.

    `put_back` is the number of a chunk that a worker has put back, because it cannot use the tenant's key at present.
    """

    topic: ClassVar[str] = UPLOAD_REQUESTED
    tenant_id: TenantId
    request_id: UuidV7
    object_key: ObjectKey
    object_version: NonEmpty
    object_size: Count
    put_back: Count | None = None

    @property
    def key(self) -> bytes:
        return self.tenant_id.encode()


class UploadOffered(msgspec.Struct, frozen=True, kw_only=True):
    """Another service offers one of its files, with a signature; see `publishing.py`.

    `event_id` is the publisher's id of the event and its idempotency key. Without `mapping_version` the data source's
    current mapping is used.
    """

    topic: ClassVar[str] = UPLOAD_OFFERED
    tenant_id: TenantId
    publisher_id: PublisherId
    event_id: Name
    object_uri: Annotated[str, Meta(min_length=1, max_length=2_048)]  # s3://bucket/key
    object_version: Annotated[str, Meta(min_length=1, max_length=1_100)]  # version-id:… or etag:…
    file_name: Annotated[str, Meta(min_length=1, max_length=4_096)]
    data_source: Name
    mapping_version: Positive | None = None
    mode: Mode = Mode.UPSERT
    segment: NonEmpty | None = None
    as_of_us: Count | None = None  # when its facts were true; None is the acceptance
    notify: tuple[str, ...] = ()
    issued_at_us: Count
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]

    @property
    def key(self) -> bytes:
        return f"{self.tenant_id}/{self.publisher_id}".encode()


class ChunkReady(msgspec.Struct, frozen=True, kw_only=True):
    """Whole rows at [start, end) of the file's plain bytes; `first_line` is the file's line number of the first.

    The only chunk of a request is in the topic `CHUNK_EXPRESS`.
    """

    topic: ClassVar[str] = CHUNK_READY
    tenant_id: TenantId
    request_id: UuidV7
    object_key: ObjectKey
    object_version: NonEmpty
    object_size: Count
    chunk: Chunk
    start: Count
    end: Count
    first_line: Positive

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("end is not above start")

    @property
    def key(self) -> bytes:
        return f"{self.request_id}/{self.chunk}".encode()


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The first chunk of a request of several is sent."""

    at_us: Count


class FileRefused(msgspec.Struct, frozen=True, kw_only=True, tag="file_refused"):
    """The file cannot be ingested; none of its data is ever visible."""

    at_us: Count
    problem: Problem


def refused_file(refused: Refused) -> Problem:
    """The problem of a file that was refused."""
    return Problem(code=refused.code, title="The file was refused", detail=str(refused), faults=refused.faults)


def unreadable_file(error: PenstockError) -> Problem:
    """The problem of a stored file that was changed or lost, or whose key was destroyed."""
    hint = "Nothing can be done." if isinstance(error, KeyRevoked) else "Upload the file again."
    fault = Fault(code=error.code, message=str(error), hint=hint)
    return Problem(code=error.code, title="The stored file cannot be read", detail=str(error), faults=[fault])


class ChunkDone(msgspec.Struct, frozen=True, kw_only=True, tag="chunk_done"):
    """A chunk's manifest is durable. read = ingested + rejected. Its worker took `work_us` microseconds."""

    at_us: Count
    chunk: Chunk
    work_us: Count = 0
    rows_read: Count
    rows_ingested: Count
    rows_rejected: Count
    reject_reasons: dict[str, Positive] = {}
    dropped_cells: dict[str, dict[str, Positive]] = {}  # by column, then by reason
    blank_words: dict[
        str, dict[str, Positive]
    ] = {}  # cells that are blank by a word of the mapping: by column and word

    def __post_init__(self) -> None:
        _check_rows(self.rows_read, self.rows_ingested, self.rows_rejected)
        if sum(self.reject_reasons.values()) != self.rows_rejected:
            raise ValueError("reject_reasons do not add up to rows_rejected")


Step = Started | FileRefused | ChunkDone


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one request."""

    topic: ClassVar[str] = PROGRESS
    tenant_id: TenantId
    request_id: UuidV7
    step: Step

    @property
    def key(self) -> bytes:
        return self.request_id.encode()


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """For other systems: a request has a new status.

    `publisher_id` and `event_id` are those of the request's offer; `problem_…` say why it failed or is held.
    """

    topic: ClassVar[str] = STATUS
    tenant_id: TenantId
    request_id: UuidV7
    data_source: str
    status: str
    at_us: Count
    rows_read: Count
    rows_accepted: Count
    rows_ingested: Count
    rows_rejected: Count
    publisher_id: str | None = None
    event_id: str | None = None
    problem_code: str | None = None
    problem_detail: str | None = None

    def __post_init__(self) -> None:
        _check_rows(self.rows_read, self.rows_accepted, self.rows_rejected)
        if self.rows_ingested not in (0, self.rows_accepted):
            raise ValueError("rows_ingested must be rows_accepted or 0")

    @property
    def key(self) -> bytes:
        return self.request_id.encode()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event that can never be handled, with its original position; `value` is the event's bytes."""

    topic: ClassVar[str] = DEAD_LETTER
    from_topic: str
    from_partition: Count
    from_offset: Count
    from_key: bytes
    value: bytes
    reason: str
    message: str
    at_us: Count

    @property
    def key(self) -> bytes:
        return self.from_key


class ImpossibleEvent(PenstockError):
    """An event that contradicts its request; it becomes a dead letter."""

    code = "impossible_event"


Event = UploadRequested | UploadOffered | ChunkReady | Progress | StatusChanged | DeadLetter


def _check_rows(read: int, valid: int, rejected: int) -> None:
    if read != valid + rejected:
        raise ValueError("rows_read is not the sum of valid and rejected rows")
