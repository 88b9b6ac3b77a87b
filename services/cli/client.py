"""The client: what a person asks of a system, whether that is a folder on this machine or a server elsewhere.

    LocalClient   the data folder; a running `penstock up` on it does the work
    HttpClient    the HTTP API

Documents have the form of the public surface. Errors are those of `penstock.domain.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.access.permissions import Role
from penstock.domain.mapping.mapping import Mode
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile


class UploadOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked of an uploaded file; the saved mapping of its source is used."""

    data_source: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()

    def command(
        self,
        file_name: str,
        uploaded_by: str,
        *,
        columns: Sequence[ColumnSpec] | None = None,
        create_source: bool = False,
    ) -> UploadCommand:
        return UploadCommand(
            data_source=self.data_source,
            file_name=file_name,
            uploaded_by=uploaded_by,
            mode=self.mode,
            segment=self.segment,
            notify=self.notify,
            columns=columns,
            create_source=create_source,
        )


class Client(Protocol):
    def upload(self, file: UploadFile, order: UploadOrder, shown: Progress) -> Document:
        """Store a file and have it ingested; returns its request, which has not ended yet."""
        ...

    def requests(self, *, limit: int) -> list[Document]:
        """The newest requests, the newest first."""
        ...

    def request(self, request_id: str) -> Document: ...

    def changes(self, request_id: str) -> Iterator[Document]:
        """The request now, and again as it changes, until it has ended."""
        ...

    def problems(self) -> list[str]:
        """Why `changes` has nothing new to tell now, in sentences."""
        ...

    def rejects(self, request_id: str) -> Iterator[bytes]:
        """The TSV of the rejected rows; nothing when there are none."""
        ...

    def cancel(self, request_id: str) -> Document: ...

    def undo(self, request_id: str) -> Document: ...

    def resubmit(self, request_id: str) -> Document: ...

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        """The profile with its lineage; personal values are masked unless revealed, which is audited."""
        ...

    def sources(self) -> list[Document]:
        """All data sources, by name."""
        ...

    def create_source(self, name: str, display_name: str) -> Document:
        """The data source `name`, new or as it was."""
        ...

    def attributes(self) -> list[Document]:
        """All attributes, built in and custom, by name."""
        ...

    def create_attribute(self, name: str, *, format: str, pii: bool, display_name: str) -> Document:
        """A custom attribute, new or as it was."""
        ...

    def mapping(self, source: str) -> Document: ...

    def save_mapping(self, source: str, columns: Sequence[ColumnSpec]) -> Document:
        """Save the mapping of a data source, which is created when it is new, as are the attributes."""
        ...

    def keys(self) -> list[Document]:
        """All API keys, without their texts."""
        ...

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> Document:
        """A key with its text; `expires_at` in microseconds since the epoch."""
        ...

    def revoke_key(self, key_id: str) -> None: ...

    def close(self) -> None: ...
