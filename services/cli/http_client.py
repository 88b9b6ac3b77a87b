"""The client of a running system's HTTP API."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import urllib3

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.known_catalog import check_source, resolve_mapping
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused, Unavailable
from penstock.domain.files.formats import FORMATS
from penstock.domain.requests.public_view import rfc3339
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.answers import (
    MAX_DOCUMENT_BYTES,
    MAX_LISTED,
    MAX_PROBLEM_BYTES,
    read_body,
    read_lines,
    unexpected_answer,
)
from services.cli.client import Client, UploadOrder
from services.cli.http_errors import check_answer, driver_errors, read_json
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.remote_catalog import RemoteCatalog
from services.cli.remote_files import RemoteFiles, send_in_parts
from services.cli.resumption import Resumption, command_hash, forget, state_folder
from services.cli.upload_file import STDIN, UploadFile
from services.uploader.api.check_views import CheckView
from services.uploader.api.mapping_views import MappingChangesView, MappingVersionList
from services.uploader.api.views import (
    ApiKeyList,
    AttributeList,
    AttributeView,
    DataSourceList,
    DataSourceView,
    MappingView,
    NewApiKeyView,
    ProfileView,
    RequestPage,
    RequestView,
)

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0  # an idle event stream sends comments more often
RECONNECT_SECONDS = 60.0  # how long a server may be away while a request is followed
RECONNECT_PAUSE_SECONDS = 1.0
JSON, EVENTS = "application/json", "text/event-stream"
REJECT_FILES = tuple(registered.media_type for registered in FORMATS.values())
_JSON = {"Content-Type": JSON}
_EVENT_DATA, _EVENT_COMMENT = b"data:", b":"

Response = urllib3.BaseHTTPResponse


class HttpClient(Client):
    """`url` is the server's address, with or without /v1; `key` an API key. Raises `Unavailable`."""

    def __init__(self, url: str, key: str) -> None:
        self._base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._problems: list[str] = []
        self._headers = {"Authorization": f"Bearer {key}"}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def upload(
        self, file: UploadFile, order: UploadOrder, progress: Progress, columns: Sequence[ColumnSpec] = ()
    ) -> Document:
        resumption = self.resumption(file, order, columns)
        try:
            request = self.upload_once(file, order, progress, columns=columns, resumption=resumption)
        except Refused:
            forget(resumption)
            raise
        forget(resumption)
        return request

    def resumption(self, file: UploadFile, order: UploadOrder, columns: Sequence[ColumnSpec]) -> Resumption | None:
        """What is kept of this upload if it is interrupted; None if it could not be recognised again."""
        if file.size is None or file.path == STDIN:
            return None
        arguments = msgspec.json.encode([self._base, order, columns])
        try:
            return Resumption(state_folder(), command_hash(file.path, arguments))
        except OSError:
            return None

    def upload_once(
        self,
        file: UploadFile,
        order: UploadOrder,
        progress: Progress,
        *,
        columns: Sequence[ColumnSpec],
        resumption: Resumption | None,
    ) -> Document:
        """As `upload`; with `columns` as the mapping, which is saved when the file is accepted. With the same
        `resumption`, it continues, and returns the same request."""
        if file.in_parts:
            document = _request_part(file, order, columns)
            return send_in_parts(RemoteFiles(self), file, document, progress, resumption, check=not columns)
        headers = {} if resumption is None else {"Idempotency-Key": resumption.key}
        return self._send_file("/uploads", RequestView, file, order, progress, columns, headers)

    def check_file(
        self, file: UploadFile, order: UploadOrder, progress: Progress, *, columns: Sequence[ColumnSpec]
    ) -> Document:
        """What would become of the rows of the file; nothing is stored."""
        return self._send_file("/files:check", CheckView, file, order, progress, columns, {})

    def requests(self, *, limit: int, before: str = "", only: RequestFilter = RequestFilter()) -> Document:
        query = urlencode([("limit", str(limit)), *([("before", before)] if before else []), *_parameters(only)])
        page = self._document("GET", f"/requests?{query}", RequestPage)
        if page["next"] is not None and page["next"] in ("", before):
            raise unexpected_answer(self._base, "the next page is the same page again")
        return page

    def request(self, request_id: str) -> Document:
        return self._document("GET", _path(request_id), RequestView)

    def changes(self, request_id: str) -> Iterator[Document]:
        """A stream that breaks off is opened again; meanwhile the last state is repeated each second, and `problems`
        says why."""
        state: Document | None = None
        lost_at: float | None = None
        while True:
            try:
                for state in self._states(request_id):
                    lost_at, self._problems = None, []
                    yield state
                    if not Status(state["status"]).processing:
                        return
                problem = Unavailable(f"{self._base} ended its answer early")
            except Unavailable as error:
                problem = error
            lost_at = lost_at or time.monotonic()
            if state is None or time.monotonic() - lost_at > RECONNECT_SECONDS:
                raise problem
            self._problems = [str(problem)]
            yield state
            time.sleep(RECONNECT_PAUSE_SECONDS)

    def problems(self) -> list[str]:
        return self._problems

    def rejects(self, request_id: str, *, dropped: bool = False, bom: bool = False) -> Iterator[bytes]:
        asked = [f"{name}=true" for name, value in (("dropped", dropped), ("bom", bom)) if value]
        query = f"?{'&'.join(asked)}" if asked else ""
        return self._lines(self._send("GET", _path(request_id, f"/rejects{query}"), kind=REJECT_FILES))

    def cancel(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":cancel"), RequestView)

    def approve(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":approve"), RequestView)

    def resubmit(self, request_id: str, file: UploadFile | None, progress: Progress) -> Document:
        """The child request for a corrected file, or for rows that were set aside."""
        path = _path(request_id, ":resubmit")
        if file is None:
            return self._document("POST", path, RequestView)
        request = {"file_name": file.name}
        if file.options.encoding is not None:
            request["encoding"] = file.options.encoding
        return self._send_form(path, RequestView, file, progress, request, {})

    def undo(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":undo"), RequestView)

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        query = {"namespace": namespace, "value": value, "reveal": reveal, "lineage": True}
        return self._send_json("POST", "/profiles:lookup", query, ProfileView)

    def sources(self) -> list[Document]:
        return self._list("/data-sources", "data_sources", DataSourceList)

    def create_source(self, name: str, display_name: str) -> Document:
        return self._send_json("POST", "/data-sources", {"name": name, "display_name": display_name}, DataSourceView)

    def attributes(self) -> list[Document]:
        return self._list("/attributes", "attributes", AttributeList)

    def create_attribute(self, name: str, *, format: str, pii: bool, display_name: str) -> Document:
        attribute = {"name": name, "format": format, "pii": pii, "display_name": display_name}
        return self._send_json("POST", "/attributes", attribute, AttributeView)

    def mapping(self, source: str, version: int | None = None) -> Document:
        path = _mapping_path(source) if version is None else _version_path(source, version)
        return self._document("GET", path, MappingView)

    def mapping_versions(self, source: str) -> list[Document]:
        found: list[Document] = self._document("GET", f"{_mapping_path(source)}/versions", MappingVersionList)[
            "versions"
        ]
        return found

    def mapping_changes(self, source: str, version: int, base: int | None) -> Document:
        query = "" if base is None else f"?base={base}"
        return self._document("GET", f"{_version_path(source, version)}/changes{query}", MappingChangesView)

    def restore_mapping(self, source: str, version: int) -> Document:
        return self._document("POST", f"{_version_path(source, version)}:restore", MappingView)

    def save_mapping(self, source: str, columns: Sequence[ColumnSpec]) -> Document:
        catalog = RemoteCatalog(self)
        check_source(catalog, source, create=True)
        resolve_mapping(source, columns, catalog)
        self.create_source(source, "")  # only after all checks
        return self._send_json("PUT", _mapping_path(source), {"columns": msgspec.to_builtins(columns)}, MappingView)

    def keys(self) -> list[Document]:
        return self._list("/api-keys", "api_keys", ApiKeyList)

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> Document:
        new_key = {"role": role, "name": name}
        if expires_at is not None:
            new_key["expires_at"] = rfc3339(expires_at)
        return self._send_json("POST", "/api-keys", new_key, NewApiKeyView)

    def revoke_key(self, key_id: str) -> None:
        response = self._send("DELETE", f"/api-keys/{quote(key_id, safe='')}")
        self._body(response, MAX_PROBLEM_BYTES)

    def close(self) -> None:
        self._pool.clear()

    def document(self, method: str, path: str, shape: Any, **sent: Any) -> Document:
        """The JSON document that a call answers with; `sent` are its `body` and `headers`."""
        return self._document(method, path, shape, **sent)

    def headers(self, method: str, path: str, **sent: Any) -> Mapping[str, str]:
        """The headers of the answer of a call that answers with nothing else."""
        response = self._send(method, path, **sent)
        self._body(response, MAX_PROBLEM_BYTES)
        return response.headers

    def _states(self, request_id: str) -> Iterator[Document]:
        """Each state; the last one is repeated when the server signals that nothing has changed."""
        state: Document | None = None
        for line in self._lines(self._send("GET", _path(request_id, "/events"), kind=EVENTS)):
            if line.startswith(_EVENT_DATA):
                state = read_json(self._base, line.removeprefix(_EVENT_DATA), RequestView)
                yield state
            elif line.startswith(_EVENT_COMMENT) and state is not None:
                yield state

    def _send_file(
        self,
        path: str,
        shape: Any,
        file: UploadFile,
        order: UploadOrder,
        progress: Progress,
        columns: Sequence[ColumnSpec],
        headers: dict[str, str],
    ) -> Document:
        return self._send_form(path, shape, file, progress, _request_part(file, order, columns), headers)

    def _send_form(
        self, path: str, shape: Any, file: UploadFile, progress: Progress, request: Document, headers: dict[str, str]
    ) -> Document:
        progress.storing(file.size)
        boundary = secrets.token_hex(16)
        form = _form(boundary, json.dumps(request).encode(), file.parts(progress.stored))
        headers = {**headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._document("POST", path, shape, body=form, headers=headers)

    def _list(self, path: str, field: str, shape: Any) -> list[Document]:
        """All records, page by page."""
        found: list[Document] = []
        after: str | None = ""
        while after is not None:
            page = self._document("GET", f"{path}?after={quote(after, safe='')}" if after else path, shape)
            found += page[field]
            after = self._next(page, field, after)
            if len(found) > MAX_LISTED:
                raise unexpected_answer(self._base, f"a list has more than {MAX_LISTED:,} entries")
        return found

    def _next(self, page: Document, field: str, before: str | None) -> str | None:
        """The start of the next page, None after the last one. Raises `Unavailable` if the pages would never end."""
        following: str | None = page["next"]
        if following is not None and (following in ("", before) or not page[field]):
            raise unexpected_answer(self._base, "the next page is the same page again")
        return following

    def _send_json(self, method: str, path: str, document: Document, shape: Any) -> Document:
        return self._document(method, path, shape, body=json.dumps(document).encode(), headers=_JSON)

    def _document(self, method: str, path: str, shape: Any, **sent: Any) -> Document:
        response = self._send(method, path, kind=JSON, **sent)
        return read_json(self._base, self._body(response, MAX_DOCUMENT_BYTES), shape)

    def _body(self, response: Response, max_bytes: int) -> bytes:
        with driver_errors(self._base):
            return read_body(self._base, response, max_bytes)

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        kind: str | tuple[str, ...] = "",
    ) -> Response:
        """The response, with its body unread. Raises the error of a problem, or if the body is not of `kind`."""
        with driver_errors(self._base):
            response = self._pool.request(
                method,
                self._base + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                preload_content=False,
                redirect=False,
            )
            check_answer(self._base, response, kind)
        return response

    def _lines(self, response: Response) -> Iterator[bytes]:
        with driver_errors(self._base):
            yield from read_lines(self._base, response)


def _request_part(file: UploadFile, order: UploadOrder, columns: Sequence[ColumnSpec]) -> Document:
    request: Document = {**msgspec.to_builtins(order), "file_name": file.name}
    if columns:
        request |= {"mapping": msgspec.to_builtins(columns), "create_data_source": True}
    return request


def _path(request_id: str, rest: str = "") -> str:
    return f"/requests/{quote(request_id, safe='')}{rest}"


def _parameters(only: RequestFilter) -> Iterator[tuple[str, str]]:
    yield from (("status", status) for status in only.statuses)
    for name in ("data_source", "uploaded_by", "file_name"):
        if (text := getattr(only, name)) is not None:
            yield name, text
    for name in ("accepted_from", "accepted_to"):
        if (at_us := getattr(only, name)) is not None:
            yield name, rfc3339(at_us)


def _mapping_path(source: str) -> str:
    return f"/data-sources/{quote(source, safe='')}/mapping"


def _version_path(source: str, version: int) -> str:
    return f"{_mapping_path(source)}/versions/{version}"


def _form(boundary: str, request: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """A multipart body with the request first, so that the server can check it before the file arrives."""
    line = b"--" + boundary.encode()
    disposition = b'\r\nContent-Disposition: form-data; name="'
    yield line + disposition + b'request"\r\nContent-Type: application/json\r\n\r\n' + request + b"\r\n"
    yield line + disposition + b'file"; filename="file"\r\n'
    yield b"Content-Type: application/octet-stream\r\n\r\n"
    yield from parts
    yield b"\r\n" + line + b"--\r\n"
