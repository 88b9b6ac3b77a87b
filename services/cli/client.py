"""The interface of a system for commands: a folder on this machine or a remote server.

    LocalClient               the data folder; a running `penstock up` on it does the work
    penstock.client.Client    the HTTP API

Answers are those of the HTTP API. Errors are those of `penstock.domain.errors` and `penstock.client.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.client.progress import Progress
from penstock.client.upload_order import UploadOrder
from penstock.documents.api_keys import ApiKeyView, NewApiKeyView
from penstock.documents.mapping_versions import MappingChangesView, MappingVersionView
from penstock.documents.mappings import MappingView
from penstock.documents.plans import PlanView
from penstock.documents.profiles import ProfileView
from penstock.documents.publishers import PublisherView, RotatedPublisherView
from penstock.documents.rejected_rows import RejectedRowsPage
from penstock.documents.requests import RequestPage, RequestView
from penstock.domain.access.permissions import Role
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.catalog_client import CatalogClient
from services.cli.dead_letter_client import DeadLetterClient
from services.cli.output import Document
from services.cli.upload_file import UploadFile


class Client(Protocol):
    @property
    def catalog(self) -> CatalogClient: ...

    @property
    def dead_letters(self) -> DeadLetterClient: ...

    def upload(
        self, file: UploadFile, order: UploadOrder, progress: Progress, columns: Sequence[ColumnSpec] = ()
    ) -> Document:
        """Store a file to be ingested, with a new mapping of `columns` or the current one of its source; returns its
        request. `duplicate` in it: the same file had led to it before."""
        ...

    def request_page(self, *, limit: int, before: str = "", only: RequestFilter = RequestFilter()) -> RequestPage:
        """A page of the requests that `only` selects, older than `before`, newest first; it may be short or empty
        before the last."""
        ...

    def request(self, request_id: str) -> RequestView: ...

    def changes(self, request_id: str) -> Iterator[RequestView]:
        """The request now, and again on each change, until it has ended or is held."""
        ...

    def problems(self) -> list[str]:
        """The reasons why `changes` makes no progress, in sentences."""
        ...

    def rejects(self, request_id: str, *, dropped: bool = False, bom: bool = False) -> Iterator[bytes]:
        """The file of the rejected rows, or of the `dropped` cells. Raises `Refused` if there are none. `bom`: with a
        byte-order mark."""
        ...

    def rejected_rows(
        self, request_id: str, *, reason: str = "", dropped: bool = False, reveal: bool = False, limit: int = 50
    ) -> RejectedRowsPage:
        """The first rejected rows, or rows with `dropped` cells; `reason` is the code of their first reason, or
        of a dropped cell. Personal
        values are masked unless revealed, which is audited."""
        ...

    def plan(self, request_id: str) -> PlanView:
        """The settings that were fixed when the request was accepted."""
        ...

    def cancel(self, request_id: str) -> RequestView: ...

    def approve(self, request_id: str) -> RequestView: ...

    def undo(self, request_id: str) -> RequestView: ...

    def profile(self, namespace: str, value: str, *, reveal: bool, history: bool = False) -> ProfileView:
        """The profile with its lineage, and the history of its values if requested; personal values are masked unless
        revealed, which is audited."""
        ...

    def mapping(self, source: str, version: int | None = None) -> MappingView:
        """The current mapping of a data source, or one of its versions."""
        ...

    def mapping_versions(self, source: str) -> list[MappingVersionView]:
        """The kept versions of a mapping, newest first."""
        ...

    def mapping_changes(self, source: str, version: int, base: int | None) -> MappingChangesView:
        """The changes from `base`, by default the previous version, to `version`."""
        ...

    def restore_mapping(self, source: str, version: int) -> MappingView: ...

    def save_mapping(
        self, source: str, columns: Sequence[ColumnSpec], *, new_attributes: Sequence[str] = ()
    ) -> MappingView:
        """Save the mapping of a data source; the source and attributes that do not exist are created, with names
        similar to existing ones only if they are among `new_attributes`."""
        ...

    def keys(self) -> list[ApiKeyView]:
        """All API keys, without their secrets."""
        ...

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> NewApiKeyView:
        """A key with its secret; `expires_at` in microseconds since the epoch."""
        ...

    def revoke_key(self, key_id: str) -> None: ...

    def publishers(self) -> list[PublisherView]:
        """All publishers, without their keys."""
        ...

    def rotate_publisher(self, publisher_id: str) -> RotatedPublisherView: ...

    def revoke_publisher(self, publisher_id: str) -> None: ...

    def close(self) -> None: ...
