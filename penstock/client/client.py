"""The client: the operations of a running system, by its HTTP API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import check_source, resolve_mapping
from penstock.client.answers import unexpected_answer
from penstock.client.catalog import RemoteCatalog
from penstock.client.catalog_calls import SOURCES, CatalogCalls
from penstock.client.connection import Connection
from penstock.client.dead_letter_calls import DeadLetterCalls
from penstock.client.following import Follower
from penstock.client.multipart import Form
from penstock.client.pages import each_entry
from penstock.client.parts import RemoteFiles, send_in_parts
from penstock.client.paths import resource_path
from penstock.client.progress import Progress, Quiet
from penstock.client.resumption import KeptResumption, Resumption, command_hash, state_folder
from penstock.client.sent_file import SentFile
from penstock.client.upload_order import UploadOrder
from penstock.documents.api_keys import ApiKeyList, ApiKeyView, NewApiKeyView
from penstock.documents.checks import CheckView
from penstock.documents.inspections import AcceptedView, InspectionView, ResubmittedView
from penstock.documents.mapping_versions import MappingChangesView, MappingVersionList, MappingVersionView
from penstock.documents.mappings import MappingView
from penstock.documents.plans import PlanView
from penstock.documents.profiles import ProfileView
from penstock.documents.progress import ProgressView
from penstock.documents.publishers import PublisherList, PublisherView, RotatedPublisherView
from penstock.documents.rejected_rows import RejectedRowsPage
from penstock.documents.requests import RequestPage, RequestView
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.domain.files.formats import FORMATS
from penstock.domain.limits import MAX_PAGE
from penstock.domain.requests.public_view import rfc3339
from penstock.domain.requests.request_filter import RequestFilter

REJECT_FILES = tuple(registered.media_type for registered in FORMATS.values())
EVERYTHING = RequestFilter()
QUIET = Quiet()

REQUESTS, API_KEYS, PUBLISHERS = "/requests", "/api-keys", "/publishers"
T = TypeVar("T")


class Client:
    """The system at `url` (with or without /v1), whose API key is `key`; by default those of PENSTOCK_URL and
    PENSTOCK_API_KEY. Raises `Misconfigured`.

    A call that fails because the server is unavailable or limits calls is sent again when that is safe, after the time
    for which the server asks. One client may be used by several threads, except that `problems` is that of the last
    request that was followed.
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        url = os.environ.get("PENSTOCK_URL", "") if url is None else url
        self._connection = Connection(url, os.environ.get("PENSTOCK_API_KEY", "") if key is None else key)
        self._follower = Follower(self._connection)
        self.catalog = CatalogCalls(self._connection)
        self.dead_letters = DeadLetterCalls(self._connection)

    def upload(
        self,
        file: SentFile | Path | str,
        order: UploadOrder,
        progress: Progress = QUIET,
        columns: Sequence[ColumnSpec] = (),
    ) -> AcceptedView:
        """Send a file to be ingested; returns its request: a new one, or with `duplicate` the one of the same file.

        With `columns` as its mapping, which is saved with it; otherwise with the saved one. A large file is sent in
        parts. If this process is killed, the same call in another
        one continues. Raises `OSError` for a file that cannot be read, and `Refused`.
        """
        with _opened(file) as opened:
            resumption = self.resumption(opened, order, columns)
            try:
                request = self.resume(opened, order, resumption, progress, columns)
            except Refused:
                resumption.forget()
                raise
            resumption.forget()
            return request

    def resumption(self, file: SentFile, order: UploadOrder, columns: Sequence[ColumnSpec] = ()) -> Resumption:
        """The record with which an interrupted upload is resumed. Not stored if the file could not be recognised again,
        or the user's state folder cannot be written."""
        if file.path is None or file.size is None:
            return Resumption()
        arguments = msgspec.json.encode([self._connection.base, replace(order, new_attributes=()), columns])
        try:
            return KeptResumption(state_folder(), command_hash(file.path, arguments))
        except OSError:
            return Resumption()

    def resume(
        self,
        file: SentFile,
        order: UploadOrder,
        resumption: Resumption,
        progress: Progress = QUIET,
        columns: Sequence[ColumnSpec] = (),
    ) -> AcceptedView:
        """As `upload`: with the same `resumption`, which the caller forgets in the end, it continues, and returns the
        same request."""
        options = _options(file, order, columns)
        if file.in_parts:
            files = RemoteFiles(self._connection)
            return send_in_parts(files, file, options, progress, resumption, check=not columns)
        return self._send_file("/uploads", AcceptedView, file, options, progress, {"Idempotency-Key": resumption.key})

    def check(
        self,
        file: SentFile | Path | str,
        order: UploadOrder,
        progress: Progress = QUIET,
        columns: Sequence[ColumnSpec] = (),
    ) -> CheckView:
        """A dry run: the result that an upload of the file would have. Stores nothing."""
        with _opened(file) as opened:
            return self._send_file("/files:check", CheckView, opened, _options(opened, order, columns), progress, {})

    def inspect(
        self,
        file: SentFile | Path | str,
        data_source: str | None = None,
        progress: Progress = QUIET,
        *,
        encoding: str | None = None,
        clean_headers: bool | None = None,
        quoted: bool | None = None,
    ) -> InspectionView:
        """The faults of a file, and a suggested mapping; with a data source, also what changed since its last file.
        Stores nothing."""
        given = {"data_source": data_source, "encoding": encoding, "clean_headers": clean_headers, "quoted": quoted}
        options = {name: value for name, value in given.items() if value is not None}
        with _opened(file) as opened:
            return self._send_file("/files:inspect", InspectionView, opened, options, progress, {})

    def requests(self, only: RequestFilter = EVERYTHING) -> Iterator[RequestView]:
        """All requests that `only` selects, newest first, read page by page."""
        before: str | None = ""
        while before is not None:
            page = self.request_page(limit=MAX_PAGE, before=before, only=only)
            yield from page["requests"]
            before = page["next"]

    def request_page(self, *, limit: int, before: str = "", only: RequestFilter = EVERYTHING) -> RequestPage:
        """A page of the requests that `only` selects, older than `before`, newest first; it may be short or empty
        before the last."""
        query = urlencode([("limit", str(limit)), *([("before", before)] if before else []), *_parameters(only)])
        page = self._connection.document("GET", f"{REQUESTS}?{query}", RequestPage)
        if page["next"] is not None and page["next"] in ("", before):
            raise unexpected_answer(self._connection.base, "the next page is the same page again")
        return page

    def request(self, request_id: str) -> RequestView:
        return self._connection.document("GET", resource_path(REQUESTS, request_id), RequestView)

    def wait(self, request_id: str) -> RequestView:
        """The request once it has ended or is held."""
        *_, last = self.changes(request_id)
        return last

    def changes(self, request_id: str) -> Iterator[RequestView]:
        """The request now, and again on each change, until it has ended or is held. While the connection is lost, the
        last state is repeated each second, and `problems` has the reasons."""
        return self._follower.changes(request_id)

    def problems(self) -> list[str]:
        """The reasons why `changes` makes no progress, in sentences."""
        return self._follower.problems()

    def rejects(self, request_id: str, *, dropped: bool = False, bom: bool = False) -> Iterator[bytes]:
        """The file of the rejected rows, or of the rows with `dropped` cells, line by line; `bom`: with a byte-order
        mark. Raises `Refused` if there are none."""
        asked = [f"{name}=true" for name, value in (("dropped", dropped), ("bom", bom)) if value]
        query = f"?{'&'.join(asked)}" if asked else ""
        return self._connection.lines(resource_path(REQUESTS, request_id, f"/rejects{query}"), REJECT_FILES)

    def rejected_rows(
        self,
        request_id: str,
        *,
        reason: str = "",
        dropped: bool = False,
        reveal: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> RejectedRowsPage:
        """A page of the rejected rows, or of the rows with `dropped` cells, from the cursor `after` on; `reason` is the
        code of their first reason, or of a dropped cell. Personal values are masked unless revealed, which is
        audited."""
        query = {"reason": reason, "after": after, "limit": limit}
        query |= {name: "true" for name, value in (("dropped", dropped), ("reveal", reveal)) if value}
        path = resource_path(REQUESTS, request_id, f"/rejected-rows?{urlencode(query)}")
        return self._connection.document("GET", path, RejectedRowsPage)

    def plan(self, request_id: str) -> PlanView:
        """The settings that were fixed when the request was accepted."""
        return self._connection.document("GET", resource_path(REQUESTS, request_id, "/plan"), PlanView)

    def progress(self, request_id: str) -> ProgressView:
        """When the status of a request changed, its rows a second, and what it waits for."""
        return self._connection.document("GET", resource_path(REQUESTS, request_id, "/progress"), ProgressView)

    def cancel(self, request_id: str) -> RequestView:
        return self._act(request_id, "cancel")

    def approve(self, request_id: str) -> RequestView:
        return self._act(request_id, "approve")

    def undo(self, request_id: str) -> RequestView:
        return self._act(request_id, "undo")

    def resubmit(
        self,
        request_id: str,
        file: SentFile | Path | str | None = None,
        progress: Progress = QUIET,
        *,
        encoding: str | None = None,
        force: bool = False,
    ) -> ResubmittedView:
        """The child request for a corrected reject file, or without one for rows that were set aside: a new one, or
        with `duplicate` the one of the same rows. With `force`, the same file is ingested again."""
        path = resource_path(REQUESTS, request_id, ":resubmit")
        if file is None:
            return self._connection.document("POST", path, ResubmittedView)
        with _opened(file) as opened:
            options: dict[str, Any] = {"file_name": opened.name, "force": force}
            options |= {} if encoding is None else {"encoding": encoding}
            headers = {"Idempotency-Key": Resumption().key}
            return self._send_file(path, ResubmittedView, opened, options, progress, headers)

    def profile(self, namespace: str, value: str, *, reveal: bool = False, history: bool = False) -> ProfileView:
        """The profile with its lineage, and the history of its values if requested; personal values are masked unless
        revealed, which is audited."""
        asked = {"namespace": namespace, "value": value, "reveal": reveal, "lineage": True, "history": history}
        return self._connection.send_json("POST", "/profiles:lookup", asked, ProfileView, repeatable=True)

    def mapping(self, source: str, version: int | None = None) -> MappingView:
        """The current mapping of a data source, or one of its versions."""
        path = _mapping_path(source) if version is None else _version_path(source, version)
        return self._connection.document("GET", path, MappingView)

    def mapping_versions(self, source: str) -> list[MappingVersionView]:
        """The kept versions of a mapping, newest first."""
        found = self._connection.document("GET", f"{_mapping_path(source)}/versions", MappingVersionList)
        return found["versions"]

    def mapping_changes(self, source: str, version: int, base: int | None = None) -> MappingChangesView:
        """The changes from `base`, by default the previous version, to `version`."""
        query = "" if base is None else f"?base={base}"
        path = f"{_version_path(source, version)}/changes{query}"
        return self._connection.document("GET", path, MappingChangesView)

    def restore_mapping(self, source: str, version: int) -> MappingView:
        """Save an earlier version as the newest."""
        return self._connection.document("POST", f"{_version_path(source, version)}:restore", MappingView)

    def save_mapping(
        self, source: str, columns: Sequence[ColumnSpec], *, new_attributes: Sequence[str] = ()
    ) -> MappingView:
        """Save the mapping of a data source; the source and attributes that do not exist are created, with names
        similar to existing ones only if they are among `new_attributes`."""
        catalog = RemoteCatalog(self)
        check_source(catalog, source, create=True)
        resolve_mapping(source, columns, catalog, new_attributes)
        self.catalog.create_source(source)  # only after all checks
        document = {"columns": msgspec.to_builtins(columns), "new_attributes": list(new_attributes)}
        return self._connection.send_json("PUT", _mapping_path(source), document, MappingView)

    def keys(self) -> list[ApiKeyView]:
        """All API keys, without their secrets."""
        return list(each_entry(self._connection, API_KEYS, "api_keys", ApiKeyList))

    def api_key(self, key_id: str) -> ApiKeyView:
        """A key, without its secret."""
        return self._connection.document("GET", resource_path(API_KEYS, key_id), ApiKeyView)

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> NewApiKeyView:
        """A key with its secret; `expires_at` in microseconds since the epoch."""
        new_key = {"role": role, "name": name}
        if expires_at is not None:
            new_key["expires_at"] = rfc3339(expires_at)
        return self._connection.send_json("POST", API_KEYS, new_key, NewApiKeyView)

    def revoke_key(self, key_id: str) -> None:
        self._connection.headers("DELETE", resource_path(API_KEYS, key_id))

    def publishers(self) -> list[PublisherView]:
        """All publishers, without their keys."""
        return self._connection.document("GET", PUBLISHERS, PublisherList)["publishers"]

    def publisher(self, publisher_id: str) -> PublisherView:
        return self._connection.document("GET", resource_path(PUBLISHERS, publisher_id), PublisherView)

    def rotate_publisher(self, publisher_id: str) -> RotatedPublisherView:
        """A publisher with its new key; the previous one stays valid for a week."""
        return self._connection.document(
            "POST", resource_path(PUBLISHERS, publisher_id, ":rotate"), RotatedPublisherView
        )

    def revoke_publisher(self, publisher_id: str) -> None:
        self._connection.headers("DELETE", resource_path(PUBLISHERS, publisher_id))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _act(self, request_id: str, verb: str) -> RequestView:
        return self._connection.document("POST", resource_path(REQUESTS, request_id, f":{verb}"), RequestView)

    def _send_file(
        self,
        path: str,
        shape: type[T],
        file: SentFile,
        options: dict[str, Any],
        progress: Progress,
        headers: dict[str, str],
    ) -> T:
        """Send a file in one call; a small one is kept in memory, to be sent again if that fails."""
        progress.storing(file.size)
        form = Form(options, file.parts(progress.stored))
        headers = {**headers, "Content-Type": form.content_type}
        if file.size is None or file.in_parts:
            return self._connection.document("POST", path, shape, attempts=1, body=iter(form), headers=headers)
        body = b"".join(form)
        return self._connection.document("POST", path, shape, repeatable=True, body=body, headers=headers)


@contextmanager
def _opened(file: SentFile | Path | str) -> Iterator[SentFile]:
    """A file that is opened here is also closed here."""
    if isinstance(file, SentFile):
        yield file
    else:
        with SentFile.open(Path(file)) as opened:
            yield opened


def _options(file: SentFile, order: UploadOrder, columns: Sequence[ColumnSpec]) -> dict[str, Any]:
    options: dict[str, Any] = {**msgspec.to_builtins(order), "file_name": file.name}
    if columns:
        options |= {"mapping": msgspec.to_builtins(columns), "create_data_source": True}
    return options


def _parameters(only: RequestFilter) -> Iterator[tuple[str, str]]:
    yield from (("status", status) for status in only.statuses)
    for name in ("data_source", "uploaded_by", "file_name"):
        if (text := getattr(only, name)) is not None:
            yield name, text
    for name in ("accepted_from", "accepted_to"):
        if (at_us := getattr(only, name)) is not None:
            yield name, rfc3339(at_us)
    if only.has_rejects is not None:
        yield "has_rejects", str(only.has_rejects).lower()


def _mapping_path(source: str) -> str:
    return resource_path(SOURCES, source, "/mapping")


def _version_path(source: str, version: int) -> str:
    return f"{_mapping_path(source)}/versions/{version}"
