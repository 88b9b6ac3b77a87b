"""The client: the operations of a system, which is a folder on this machine or a remote server.

    LocalClient   the data folder; a running `penstock up` on it does the work
    HttpClient    the HTTP API

Documents are those of the HTTP API. Errors are those of `penstock.domain.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.access.permissions import Role
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile


class UploadOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options of an upload, which uses the saved mapping of its source."""

    data_source: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()
    max_rejects: str | None = None
    encoding: str | None = None
    clean_headers: bool = False
    force: bool = False

    @property
    def file_options(self) -> FileOptions:
        return FileOptions(encoding=self.encoding, clean_headers=self.clean_headers)

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
            max_rejects=self.max_rejects,
            file_options=self.file_options,
            columns=columns,
            create_source=create_source,
            force=self.force,
        )


class Client(Protocol):
    def upload(
        self, file: UploadFile, order: UploadOrder, progress: Progress, columns: Sequence[ColumnSpec] = ()
    ) -> Document:
        """Store a file to be ingested, with a new mapping of `columns` or the current one of its source; returns its
        request. `duplicate` in it: the same file had led to it before."""
        ...

    def requests(self, *, limit: int, before: str = "", only: RequestFilter = RequestFilter()) -> Document:
        """A page of the requests that `only` selects, older than `before`, newest first; it may be short or empty
        before the last."""
        ...

    def request(self, request_id: str) -> Document: ...

    def changes(self, request_id: str) -> Iterator[Document]:
        """The request now, and again on each change, until it has ended or is held."""
        ...

    def problems(self) -> list[str]:
        """The reasons why `changes` makes no progress, in sentences."""
        ...

    def rejects(self, request_id: str, *, dropped: bool = False, bom: bool = False) -> Iterator[bytes]:
        """The file of the rejected rows, or of the `dropped` cells. Raises `Refused` if there are none. `bom`: with a
        byte-order mark."""
        ...

    def cancel(self, request_id: str) -> Document: ...

    def approve(self, request_id: str) -> Document: ...

    def undo(self, request_id: str) -> Document: ...

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        """The profile with its lineage; personal values are masked unless revealed, which is audited."""
        ...

    def sources(self) -> list[Document]:
        """All data sources, by name."""
        ...

    def create_source(self, name: str, display_name: str) -> Document:
        """The data source `name`, new or existing."""
        ...

    def attributes(self) -> list[Document]:
        """All built-in and custom attributes, by name."""
        ...

    def create_attribute(self, name: str, *, format: str, pii: bool, display_name: str) -> Document:
        """A custom attribute, new or existing."""
        ...

    def mapping(self, source: str, version: int | None = None) -> Document:
        """The current mapping of a data source, or one of its versions."""
        ...

    def mapping_versions(self, source: str) -> list[Document]:
        """The kept versions of a mapping, newest first."""
        ...

    def mapping_changes(self, source: str, version: int, base: int | None) -> Document:
        """What a version changes of `base`, or of the one before."""
        ...

    def restore_mapping(self, source: str, version: int) -> Document: ...

    def save_mapping(self, source: str, columns: Sequence[ColumnSpec]) -> Document:
        """Save the mapping of a data source; the source and attributes that do not exist are created."""
        ...

    def keys(self) -> list[Document]:
        """All API keys, without their secrets."""
        ...

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> Document:
        """A key with its secret; `expires_at` in microseconds since the epoch."""
        ...

    def revoke_key(self, key_id: str) -> None: ...

    def close(self) -> None: ...
