"""The record of a request that is about to be accepted."""

from __future__ import annotations

from typing import NamedTuple

from penstock.application.requests.requests import NewRequest
from penstock.application.uploads.stored_file import StoredFile
from penstock.application.uploads.upload_command import UploadCommand, UploadSettings
from penstock.domain.files.file_name import safe_file_name
from penstock.domain.files.tabular_format import FileOptions


class Offered(NamedTuple):
    """The offer that a request comes from. `fingerprint` identifies its content."""

    publisher_id: str
    event_id: str
    fingerprint: str

    @property
    def idempotency_key(self) -> str:
        """Differs from every key of the HTTP API, because a header contains no line end."""
        return f"offer\n{self.publisher_id}\n{self.event_id}"


def new_request(
    tenant_id: str,
    stored: StoredFile,
    command: UploadCommand,
    settings: UploadSettings,
    options: FileOptions,
    chunk_bytes: int,
    offered: Offered | None = None,
) -> NewRequest:
    """`chunk_bytes`: as its plan will have them."""
    return NewRequest(
        tenant_id=tenant_id,
        data_source=command.data_source,
        file_name=safe_file_name(command.file_name),
        uploaded_by=command.uploaded_by,
        object_key=stored.ref.key,
        object_version=stored.ref.version,
        object_size=stored.ref.size,
        file_bytes=stored.size,
        body_start=stored.rows.start if stored.rows else 0,
        first_line=stored.rows.first_line if stored.rows else 1,
        chunks_total=stored.rows.count(chunk_bytes) if stored.rows else 0,
        upload_started_at=stored.upload_started_at,
        file_options=options.read_as(stored.options.encoding),
        mode=settings.mode,
        segment=command.segment,
        as_of=command.as_of,
        notify=settings.notify,
        max_rejects=settings.max_rejects,
        parent_id=command.parent_id,
        publisher_id=offered.publisher_id if offered else None,
        event_id=offered.event_id if offered else None,
    )
