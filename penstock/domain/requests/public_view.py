"""A request as people and other systems see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.hold import hold_hint, why_held
from penstock.domain.requests.pace import chunk_us
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import Waiting

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_public(
    request: Request,
    now_us: int,
    corrections: CorrectionTotals | None = None,
    waiting: Waiting | None = None,
    replaced_by: str | None = None,
) -> dict[str, Any]:
    """The request as JSON for people and other systems: exactly the fields of the public surface."""
    return {
        "request_id": request.request_id,
        "tenant_id": request.tenant_id,
        "data_source": request.data_source,
        "file_name": request.file_name,
        "uploaded_by": request.uploaded_by,
        "status": request.status.value,
        "mode": request.mode.value,
        "mapping_version": request.mapping_version,
        "segment": request.segment,
        "as_of": _time(request.as_of),
        "notify": [{"address": each.address, "level": each.level.value} for each in request.notify],
        "upload_started_at": _time(request.upload_started_at),
        "accepted_at": rfc3339(request.accepted_at),
        "started_at": _time(request.started_at),
        "held_at": None if request.hold is None else rfc3339(request.hold.at_us),
        "finished_at": _time(request.finished_at),
        "bytes": request.file_bytes,
        "file_options": file_options(request.file_options),
        "rows_read": request.rows_read,
        "rows_accepted": request.rows_accepted,
        "rows_ingested": request.rows_ingested,
        "rows_rejected": request.rows_rejected,
        "max_rejects": request.max_rejects,
        "chunks_done": request.chunks_done,
        "chunks_total": request.chunks_total,
        "reject_reasons": dict(request.reject_reasons),
        "dropped_cells": {column: sum(reasons.values()) for column, reasons in request.dropped_cells.items()},
        "blank_words": {column: dict(words) for column, words in request.blank_words.items()},
        "parent_id": request.parent_id,
        "corrections": None if corrections is None else corrections._asdict(),
        "replaced_by": replaced_by,
        "held": _held(request),
        "waiting": None if waiting is None else _waiting(waiting),
        "error": None if request.error is None else request.error.to_json(),
        "eta_seconds": eta_seconds(request, now_us),
    }


def file_options(options: FileOptions) -> dict[str, Any]:
    """How a file is read, as JSON."""
    return {
        "encoding": options.encoding or UTF_8,
        "clean_headers": bool(options.clean_headers),
        "quoted": bool(options.quoted),
        "inherited": list(options.inherited),
    }


def _held(request: Request) -> dict[str, str | None] | None:
    if request.status is not Status.HELD or request.hold is None:
        return None
    return {
        "reason": request.hold.reason,
        "message": why_held(request),
        "hint": hold_hint(request),
        "until": _time(request.hold.until_us),
    }


def _waiting(waiting: Waiting) -> dict[str, str | int | None]:
    return {
        "reason": waiting.reason.value,
        "message": waiting.message,
        "since": _time(waiting.since_us),
        "requests_before": waiting.requests_before,
        "starts_in_seconds": waiting.starts_in_seconds,
    }


def rfc3339(at_us: int) -> str:
    """Microseconds since the epoch as an RFC 3339 time in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else rfc3339(at_us)


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
