"""The upload request and the fold of its progress into one status: the only place where a status changes.

The fold is commutative and idempotent: steps may arrive in any order and any number of times, a chunk may be done
before the splitter reports the number of chunks, and the result is the same. A terminal status never changes again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from penstock.domain.errors import Fault, Problem, refusal
from penstock.domain.events import (
    ChunkDone,
    FileRefused,
    Split,
    Started,
    Step,
    UploadRequested,
    refused_file,
)
from penstock.domain.files.header import no_rows
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.pace import chunk_us, with_chunk

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REVERTED = "REVERTED"

    @property
    def ended(self) -> bool:
        return self not in (Status.SCHEDULED, Status.IN_PROGRESS)


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
    segment: str | None = None
    notify: tuple[str, ...] = ()
    parent_id: str | None = None
    object_key: str = ""
    object_version: str = ""
    object_size: int = 0
    file_bytes: int = 0  # decompressed; called `bytes` in public
    accepted_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    rows_read: int = 0
    rows_ingested: int = 0
    rows_rejected: int = 0
    chunks_done: int = 0
    chunks_total: int | None = None
    done: bytes = b""
    reject_reasons: dict[str, int] = {}
    error: Problem | None = None
    fingerprint: str = ""  # equal for the same file with the same arguments
    last_step_at: int = 0  # of the latest counted step
    recent: tuple[int, ...] = ()  # when the latest chunks were done, sorted
    reverted_at: int | None = None
    announced_status: dict[str, Status] = {}  # by channel, the last status that it announced
    publisher_id: str | None = None  # the service that offered the file; `event_id` is its id of the offer
    event_id: str | None = None
    resends: int = 0  # how often the upload event was published again for lack of progress


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one chunk and its commit marker, written after all its fragments. Counts as in `ChunkDone`."""

    chunk: int
    at_us: int
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    reject_reasons: dict[str, int] = {}
    has_rejects: bool = False  # there is a sealed file of the rejected rows

    def step(self) -> ChunkDone:
        """The event for this chunk; its time is the manifest's, so it can be published again unchanged."""
        return ChunkDone(
            at_us=self.at_us,
            chunk=self.chunk,
            rows_read=self.rows_read,
            rows_ingested=self.rows_ingested,
            rows_rejected=self.rows_rejected,
            reject_reasons=self.reject_reasons,
        )


def apply(request: Request, step: Step) -> Request:
    """`request` after `step`. A request that a user cancelled or undid does not change any more.

    A file is refused before any of it is written, so `FileRefused` never follows a complete set of chunks.
    """
    if request.status in (Status.CANCELLED, Status.REVERTED):
        return request
    request = _begin(request, step.at_us)
    match step:
        case Started():
            return request
        case Split():
            return _complete(_count_split(request, step))
        case ChunkDone():
            return _complete(_count_chunk(request, step))
        case FileRefused():
            return _refuse(request, step)


def violation(request: Request, step: Step) -> str | None:
    """Why `step` cannot belong to `request`, or None. The codec refuses steps that no request can have."""
    if isinstance(step, ChunkDone) and request.chunks_total is not None and step.chunk >= request.chunks_total:
        return f"chunk {step.chunk} is beyond the request's {request.chunks_total} chunks"
    return None


def has_chunk(request: Request, chunk: int) -> bool:
    """Whether `chunk` was counted."""
    byte = chunk // 8
    return byte < len(request.done) and bool(request.done[byte] >> chunk % 8 & 1)


def cancel(request: Request, at_us: int) -> Request:
    """Stop a request that has not ended; idempotent. Raises `Refused`."""
    if request.status is Status.CANCELLED:
        return request
    if request.status.ended:
        raise refusal(
            "cannot_cancel",
            f"request {request.request_id} is {request.status} and cannot be cancelled",
            "Only a request that has not ended can be cancelled; to remove its data, undo the request.",
        )
    return replace(request, status=Status.CANCELLED, finished_at=at_us)


def revert(request: Request, at_us: int) -> Request:
    """Undo a completed request, so that its data is no longer used; idempotent. Raises `Refused`."""
    if request.status is Status.REVERTED:
        return request
    if request.status is not Status.COMPLETED:
        raise refusal(
            "cannot_revert",
            f"request {request.request_id} is {request.status} and cannot be undone",
            "Only a completed request can be undone: "
            + ("its data is not used." if request.status.ended else "cancel this one, or wait until it completes."),
        )
    return replace(request, status=Status.REVERTED, reverted_at=at_us)


def history(request: Request) -> tuple[tuple[Status, int], ...]:
    """Every status that `request` has had, with its time; derived from the state, so that none is lost."""
    steps: list[tuple[Status, int]] = [(Status.SCHEDULED, request.accepted_at)]
    if request.started_at is not None:
        steps.append((Status.IN_PROGRESS, request.started_at))
    if request.finished_at is not None:
        ended = Status.COMPLETED if request.status is Status.REVERTED else request.status
        steps.append((ended, request.finished_at))
    if request.reverted_at is not None:
        steps.append((Status.REVERTED, request.reverted_at))
    return tuple(steps)


def upload_requested(request: Request) -> UploadRequested:
    """The event that starts the ingestion; publishing it again does no harm."""
    return UploadRequested(
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        object_key=request.object_key,
        object_version=request.object_version,
        object_size=request.object_size,
    )


def eta_seconds(request: Request, now_us: int) -> int | None:
    """Whole seconds until the end at the pace of the latest chunks; None while it cannot be estimated."""
    if request.status is not Status.IN_PROGRESS or not request.chunks_total or request.started_at is None:
        return None
    all_recent = len(request.recent) == request.chunks_done
    times = (request.started_at, *request.recent) if all_recent else request.recent
    pace_us = chunk_us(times)
    if pace_us is None:
        return None
    elapsed_us = min(pace_us, max(0, now_us - times[-1]))  # bounded: a slow chunk delays the estimated end
    remaining_us = pace_us * (request.chunks_total - request.chunks_done) - elapsed_us
    return -(-remaining_us // 1_000_000)


def to_public(request: Request, now_us: int) -> dict[str, Any]:
    """The request as JSON for people and other systems: exactly the fields of the public surface."""
    return {
        "request_id": request.request_id,
        "tenant_id": request.tenant_id,
        "data_source": request.data_source,
        "file_name": request.file_name,
        "uploaded_by": request.uploaded_by,
        "status": request.status.value,
        "mode": request.mode.value,
        "segment": request.segment,
        "accepted_at": rfc3339(request.accepted_at),
        "started_at": None if request.started_at is None else rfc3339(request.started_at),
        "finished_at": None if request.finished_at is None else rfc3339(request.finished_at),
        "bytes": request.file_bytes,
        "rows_read": request.rows_read,
        "rows_ingested": request.rows_ingested,
        "rows_rejected": request.rows_rejected,
        "chunks_done": request.chunks_done,
        "chunks_total": request.chunks_total,
        "reject_reasons": dict(request.reject_reasons),
        "error": None if request.error is None else request.error.to_json(),
        "eta_seconds": eta_seconds(request, now_us),
    }


def rfc3339(at_us: int) -> str:
    """Microseconds since the epoch as an RFC 3339 time in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _begin(request: Request, at_us: int) -> Request:
    """The start is the time of the earliest step, in whatever order steps arrive."""
    started_at = at_us if request.started_at is None else min(request.started_at, at_us)
    status = Status.IN_PROGRESS if request.status is Status.SCHEDULED else request.status
    return replace(request, started_at=started_at, status=status)


def _count_split(request: Request, step: Split) -> Request:
    if request.chunks_total is not None:
        return request
    return replace(
        request,
        chunks_total=step.chunks,
        file_bytes=step.bytes,
        last_step_at=max(request.last_step_at, step.at_us),
    )


def _count_chunk(request: Request, step: ChunkDone) -> Request:
    if has_chunk(request, step.chunk):
        return request
    reasons = dict(request.reject_reasons)
    for reason, rows in step.reject_reasons.items():
        reasons[reason] = reasons.get(reason, 0) + rows
    return replace(
        request,
        rows_read=request.rows_read + step.rows_read,
        rows_ingested=request.rows_ingested + step.rows_ingested,
        rows_rejected=request.rows_rejected + step.rows_rejected,
        reject_reasons=dict(sorted(reasons.items())),
        chunks_done=request.chunks_done + 1,
        done=_with_bit(request.done, step.chunk),
        last_step_at=max(request.last_step_at, step.at_us),
        recent=with_chunk(request.recent, step.at_us),
    )


def _with_bit(bits: bytes, position: int) -> bytes:
    grown = bytearray(bits.ljust(position // 8 + 1, b"\0"))
    grown[position // 8] |= 1 << position % 8
    return bytes(grown)


def _complete(request: Request) -> Request:
    """End the request when its last chunk was counted."""
    if request.status.ended or request.chunks_total is None or request.chunks_done < request.chunks_total:
        return request
    if request.rows_ingested:
        return replace(request, status=Status.COMPLETED, finished_at=request.last_step_at)
    error = _no_rows_ingested(request) if request.rows_read else refused_file(no_rows())
    return replace(request, status=Status.FAILED, finished_at=request.last_step_at, error=error)


def _refuse(request: Request, step: FileRefused) -> Request:
    if request.status.ended:
        return request
    return replace(request, status=Status.FAILED, finished_at=step.at_us, error=step.problem)


def _no_rows_ingested(request: Request) -> Problem:
    detail = f"None of the {request.rows_read} rows could be ingested."
    return Problem(
        code="no_rows_ingested",
        title="No row was ingested",
        detail=detail,
        faults=[
            Fault(
                code="no_rows_ingested",
                message=detail,
                hint="Download the rejects, which name the reason for each row, correct them and upload them again.",
            )
        ],
    )
