"""The upload request and the fold of its progress into one status."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.domain.errors import Problem
from penstock.domain.mapping import Mode


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

    `done` has one bit per chunk whose counts are in (bit i of byte i // 8), so that a redelivered event adds nothing.
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
    file_bytes: int = 0  # decompressed; `bytes` in public
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
