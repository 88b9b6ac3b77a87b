"""The status of a request, folded from its progress: the only place where a status changes.

The fold is commutative and idempotent: steps may arrive in any order and any number of times, and the result is the
same. A terminal status never changes again.
Steps hold a request; only a person, or the end of the hold, ends it (`hold.py`).
"""

from __future__ import annotations

from msgspec.structs import replace

from penstock.domain.errors import Fault, Problem, refusal
from penstock.domain.events import ChunkDone, FileRefused, Started, Step, refused_file
from penstock.domain.files.header import no_rows
from penstock.domain.requests.hold import exceeds_max_rejects, hold
from penstock.domain.requests.pace import with_chunk
from penstock.domain.requests.request import Request, Status

_INSTEAD_OF_UNDO = {
    Status.SCHEDULED: "cancel this one, or wait until it completes.",
    Status.IN_PROGRESS: "cancel this one, or wait until it completes.",
    Status.HELD: "approve or cancel this one.",
}


def apply(request: Request, step: Step) -> Request:
    """`request` after `step`. A request that a user cancelled or undid does not change any more.

    A file is refused before any of it is written, so `FileRefused` never follows a complete set of chunks.
    """
    if request.status in (Status.CANCELLED, Status.REVERTED):
        return request
    match step:
        case Started():
            return _begin(request, step.at_us)
        case ChunkDone():
            return _complete(_count_chunk(_begin(request, max(0, step.at_us - step.work_us)), step))
        case FileRefused():
            return _refuse(_begin(request, step.at_us), step)


def violation(request: Request, step: Step) -> str | None:
    """Why `step` cannot belong to `request`, or None. The codec refuses steps that no request can have."""
    if isinstance(step, ChunkDone) and step.chunk >= request.chunks_total:
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
            "Only a completed request can be undone: " + _INSTEAD_OF_UNDO.get(request.status, "its data is not used."),
        )
    return replace(request, status=Status.REVERTED, reverted_at=at_us)


def history(request: Request) -> tuple[tuple[Status, int], ...]:
    """Every status that `request` has had, with its time; derived from the state, so that none is lost."""
    steps: list[tuple[Status, int]] = [(Status.SCHEDULED, request.accepted_at)]
    if request.started_at is not None:
        steps.append((Status.IN_PROGRESS, request.started_at))
    if request.hold is not None:
        steps.append((Status.HELD, request.hold.at_us))
    if request.finished_at is not None:
        ended = Status.COMPLETED if request.status is Status.REVERTED else request.status
        steps.append((ended, request.finished_at))
    if request.reverted_at is not None:
        steps.append((Status.REVERTED, request.reverted_at))
    return tuple(steps)


def _begin(request: Request, at_us: int) -> Request:
    """The start is the earliest one that a step has, in whatever order steps arrive."""
    started_at = at_us if request.started_at is None else min(request.started_at, at_us)
    status = Status.IN_PROGRESS if request.status is Status.SCHEDULED else request.status
    return replace(request, started_at=started_at, status=status)


def _count_chunk(request: Request, step: ChunkDone) -> Request:
    if has_chunk(request, step.chunk):
        return request
    return replace(
        request,
        rows_read=request.rows_read + step.rows_read,
        rows_accepted=request.rows_accepted + step.rows_ingested,
        rows_rejected=request.rows_rejected + step.rows_rejected,
        reject_reasons=_added(request.reject_reasons, step.reject_reasons),
        dropped_cells=_added_by_column(request.dropped_cells, step.dropped_cells),
        blank_words=_added_by_column(request.blank_words, step.blank_words),
        chunks_done=request.chunks_done + 1,
        done=_with_bit(request.done, step.chunk),
        last_step_at=max(request.last_step_at, step.at_us),
        recent=with_chunk(request.recent, step.at_us),
    )


def _added_by_column(counts: dict[str, dict[str, int]], more: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {column: _added(counts.get(column, {}), more.get(column, {})) for column in sorted(counts | more)}


def _added(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) + more.get(name, 0) for name in sorted(counts | more)}


def _with_bit(bits: bytes, position: int) -> bytes:
    grown = bytearray(bits.ljust(position // 8 + 1, b"\0"))
    grown[position // 8] |= 1 << position % 8
    return bytes(grown)


def _complete(request: Request) -> Request:
    """End or hold the request when its last chunk was counted."""
    if request.chunks_done < request.chunks_total or not request.status.processing:
        return request
    if request.rows_accepted and exceeds_max_rejects(request):
        return hold(request, request.last_step_at)
    if request.rows_accepted:
        return replace(request, status=Status.COMPLETED, finished_at=request.last_step_at)
    error = _no_rows_ingested(request) if request.rows_read else refused_file(no_rows())
    return replace(request, status=Status.FAILED, finished_at=request.last_step_at, error=error)


def _refuse(request: Request, step: FileRefused) -> Request:
    if not request.status.processing:
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
                hint="Download the rejects, which name the reason for each row, correct them and "
                + ("upload them as a new file." if request.parent_id is None else "resubmit them."),
            )
        ],
    )
