"""The upload request, its manifest of a chunk, and the event that starts it. Its status changes in `status.py`."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.domain.errors import Problem
from penstock.domain.events import (
    ChunkDone,
    UploadRequested,
)
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.recipients import Recipient


class Status(StrEnum):
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    HELD = "HELD"  # all rows are read, and none count until a person approves it
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REVERTED = "REVERTED"

    @property
    def ended(self) -> bool:
        return not self.processing and self is not Status.HELD

    @property
    def processing(self) -> bool:
        """Whether the services are still working on it; a held request waits for a person."""
        return self in (Status.SCHEDULED, Status.IN_PROGRESS)


class Hold(msgspec.Struct, frozen=True):
    """Why and since when a request is or was held, and when it is cancelled unless a person decides."""

    reason: str
    at_us: int
    until_us: int | None = None  # None until the tracker has seen it


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One upload request as the control store keeps it. Times are microseconds since the epoch.

    `done` has one bit per counted chunk (bit i of byte i // 8), so that a redelivered event adds nothing.
    """

    request_id: str  # a UUIDv7, in the order of acceptance
    tenant_id: str
    data_source: str
    file_name: str
    uploaded_by: str
    status: Status = Status.SCHEDULED
    mode: Mode = Mode.UPSERT
    plan_hash: str = ""  # of its plan's content
    mapping_version: int = 0  # of its plan, as all up to `chunk_bytes`
    epoch: int = 1
    bits: int = 12
    chunk_bytes: int = 0
    segment: str | None = None
    as_of: int | None = None  # when the facts of its file were true; a later one counts as the acceptance
    notify: tuple[Recipient, ...] = ()
    parent_id: str | None = None  # of a child: the request whose rows it corrects, which is never a child itself
    children: tuple[str, ...] = ()
    object_key: str = ""
    object_version: str = ""
    object_size: int = 0
    file_bytes: int = 0  # decompressed; called `bytes` in public
    body_start: int = 0  # where its rows begin; `first_line` is the line number of the first
    first_line: int = 1
    file_options: FileOptions = FileOptions()  # how the file is read
    upload_started_at: int | None = None  # when its file began to arrive; None for one that never did
    accepted_at: int = 0
    marked_at: int = 0  # when its active marker was stored
    started_at: int | None = None
    finished_at: int | None = None
    rows_read: int = 0
    rows_accepted: int = 0  # read and valid; they are ingested once the request is COMPLETED
    rows_rejected: int = 0
    max_rejects: str | None = None  # set at acceptance; with more, the request is held
    hold: Hold | None = None  # kept when it has ended
    chunks_done: int = 0
    chunks_total: int = 0  # 0 for one whose file was refused
    done: bytes = b""
    reject_reasons: dict[str, int] = {}
    dropped_cells: dict[str, dict[str, int]] = {}  # by column, then by reason
    blank_words: dict[str, dict[str, int]] = {}  # cells that are blank by a word of the mapping: by column and word
    error: Problem | None = None
    fingerprint: str = ""  # equal for the same file with the same arguments
    last_step_at: int = 0  # of the latest counted step
    recent: tuple[int, ...] = ()  # when the latest chunks were done, sorted
    reverted_at: int | None = None
    announced_status: dict[str, Status] = {}  # by channel, the last status that it announced
    publisher_id: str | None = None  # the service that offered the file; `event_id` is its id of the offer
    event_id: str | None = None

    @property
    def root_id(self) -> str:
        """The request whose order, floor and undo it shares: its parent, or itself."""
        return self.parent_id or self.request_id

    @property
    def is_one_chunk(self) -> bool:
        """Whether its rows are a single chunk, for which no row index is stored."""
        return self.file_bytes - self.body_start <= self.chunk_bytes

    @property
    def rows_ingested(self) -> int:
        """Rows that are part of profiles."""
        return self.rows_accepted if self.status is Status.COMPLETED else 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one chunk and its commit marker, written after all its fragments. Counts as in `ChunkDone`."""

    chunk: int
    at_us: int
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    reject_reasons: dict[str, int] = {}
    dropped_cells: dict[str, dict[str, int]] = {}  # then there is a sealed file of the rows that lost them
    blank_words: dict[str, dict[str, int]] = {}
    has_rejects: bool = False  # there is a sealed file of the rejected rows
    work_us: int = 0  # how long its worker took

    def step(self) -> ChunkDone:
        """The event for this chunk; its time is the manifest's, so it can be published again unchanged."""
        return ChunkDone(
            at_us=self.at_us,
            chunk=self.chunk,
            work_us=self.work_us,
            rows_read=self.rows_read,
            rows_ingested=self.rows_ingested,
            rows_rejected=self.rows_rejected,
            reject_reasons=self.reject_reasons,
            dropped_cells=self.dropped_cells,
            blank_words=self.blank_words,
        )


def upload_requested(request: Request, put_back: int | None = None) -> UploadRequested:
    """The event that starts the ingestion, or says that a worker has put back a chunk; publishing it again does no
    harm."""
    return UploadRequested(
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        object_key=request.object_key,
        object_version=request.object_version,
        object_size=request.object_size,
        put_back=put_back,
    )
