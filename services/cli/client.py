"""The client: what a person asks of a system, whether that is a folder on this machine or a server elsewhere.

    LocalClient   the data folder; a running `penstock up` on it does the work
    HttpClient    the HTTP API

Documents have the form of the public surface. Errors are those of `penstock.domain.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from penstock.domain.mapping import Mode
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile


class UploadOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said about an uploaded file; the saved mapping of its source is used."""

    data_source: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: tuple[str, ...] = ()


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

    def rejects(self, request_id: str) -> Iterator[bytes]:
        """The TSV of the rejected rows; nothing when there are none."""
        ...

    def cancel(self, request_id: str) -> Document: ...

    def undo(self, request_id: str) -> Document: ...

    def resubmit(self, request_id: str) -> Document: ...

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        """The profile with its lineage; personal values are masked unless revealed, which is audited."""
        ...

    def close(self) -> None: ...
