"""The events that the services exchange; none carries a customer's value."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from penstock.domain.errors import Fault, PenstockError, Problem, Refused
from penstock.domain.mapping.mapping import Mode

UPLOAD_REQUESTED = "penstock.upload-requested"
CHUNK_READY = "penstock.chunk-ready"
PROGRESS = "penstock.progress"
STATUS = "penstock.status"
DEAD_LETTER = "penstock.dead-letter"


class UploadRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A file waits to be ingested. The plan lies in the control store under the request id."""

    topic: ClassVar[str] = UPLOAD_REQUESTED
    tenant_id: str
    request_id: str
    object_key: str
    object_version: str
    object_size: int

    @property
    def key(self) -> bytes:
        return self.request_id.encode()


class UploadOffered(msgspec.Struct, frozen=True, kw_only=True):
    """Another service has a file of its own to be ingested, and signs that it does; see `publishing.py`.

    `event_id` is the publisher's own id of the event: its idempotency key. Without `mapping_version` the data source's
    present mapping is used.
    """

    topic: ClassVar[str] = UPLOAD_REQUESTED
    tenant_id: str
    publisher_id: str
    event_id: str
    object_uri: str  # s3://bucket/key
    object_version: str  # version-id:… or etag:…
    file_name: str
    data_source: str
    mapping_version: int | None = None
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()
    issued_at_us: int
    signature: bytes

    @property
    def key(self) -> bytes:
        return f"{self.tenant_id}/{self.publisher_id}/{self.event_id}".encode()


class ChunkReady(msgspec.Struct, frozen=True, kw_only=True):
    """Whole rows at [start, end) of the file's plain bytes; `first_line` is the file's line number of the first."""

    topic: ClassVar[str] = CHUNK_READY
    tenant_id: str
    request_id: str
    object_key: str
    object_version: str
    object_size: int
    chunk: int
    start: int
    end: int
    first_line: int

    @property
    def key(self) -> bytes:
        return f"{self.request_id}/{self.chunk}".encode()


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The splitter has begun to read the file."""

    at_us: int


class Split(msgspec.Struct, frozen=True, kw_only=True, tag="split"):
    """The whole file was read and checked: it has `chunks` chunks."""

    at_us: int
    chunks: int
    bytes: int


class FileRefused(msgspec.Struct, frozen=True, kw_only=True, tag="file_refused"):
    """The file as a whole cannot be ingested; nothing of it will ever count."""

    at_us: int
    problem: Problem


def refused_file(refused: Refused) -> Problem:
    """What is told of a file that breaks the rules."""
    return Problem(code=refused.code, title="The file was refused", detail=str(refused), faults=refused.faults)


def unreadable_file(error: PenstockError) -> Problem:
    """What is told of a stored file that was changed or lost, or whose key was."""
    fault = Fault(code=error.code, message=str(error), hint="Upload the file again.")
    return Problem(code=error.code, title="The stored file cannot be read", detail=str(error), faults=[fault])


class ChunkDone(msgspec.Struct, frozen=True, kw_only=True, tag="chunk_done"):
    """A chunk's manifest is durable. read = ingested + rejected."""

    at_us: int
    chunk: int
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    reject_reasons: dict[str, int] = {}


Step = Started | Split | FileRefused | ChunkDone


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one request."""

    topic: ClassVar[str] = PROGRESS
    tenant_id: str
    request_id: str
    step: Step

    @property
    def key(self) -> bytes:
        return self.request_id.encode()


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A request has reached a new status; for other systems.

    `publisher_id` and `event_id` are those of the offer that led to the request; `problem_…` say why it failed.
    """

    topic: ClassVar[str] = STATUS
    tenant_id: str
    request_id: str
    data_source: str
    status: str
    at_us: int
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    publisher_id: str | None = None
    event_id: str | None = None
    problem_code: str | None = None
    problem_detail: str | None = None

    @property
    def key(self) -> bytes:
        return self.request_id.encode()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event that can never be handled, with the place it came from; `value` is the event's own bytes."""

    topic: ClassVar[str] = DEAD_LETTER
    from_topic: str
    from_partition: int
    from_offset: int
    from_key: bytes
    value: bytes
    reason: str
    message: str
    at_us: int

    @property
    def key(self) -> bytes:
        return self.from_key


class ImpossibleEvent(PenstockError):
    """An event that says of its request what cannot be: it belongs into the dead letters."""

    code = "impossible_event"


Event = UploadRequested | UploadOffered | ChunkReady | Progress | StatusChanged | DeadLetter
