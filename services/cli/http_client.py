"""The client of a running system's HTTP API."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import urllib3

from penstock.application.access import Role
from penstock.domain.attributes import Attribute, parse_format
from penstock.domain.errors import Unavailable
from penstock.domain.limits import MAX_PAGE
from penstock.domain.request import Status, rfc3339
from services.cli.client import Client, UploadOrder
from services.cli.http_errors import driver_errors, judge_answer, read_json
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile
from services.uploader.mapping_form import ColumnForm, read_columns

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0  # a server that has nothing to tell says so more often
PIECE_BYTES = 64 * 1024
RECONNECT_SECONDS = 60.0  # how long a server may be away while a request is followed
RECONNECT_PAUSE_SECONDS = 1.0
JSON, EVENTS, TSV = "application/json", "text/event-stream", "text/tab-separated-values"
_JSON = {"Content-Type": JSON}
_EVENT_DATA, _EVENT_COMMENT = b"data:", b":"

Response = urllib3.BaseHTTPResponse


class HttpClient(Client):
    """`url` is the server's address, with or without /v1; `key` an API key. Raises `Unavailable` when it is away."""

    def __init__(self, url: str, key: str) -> None:
        self._base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._problems: list[str] = []
        self._headers = {"Authorization": f"Bearer {key}"}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def upload(self, file: UploadFile, order: UploadOrder, shown: Progress) -> Document:
        return self.upload_once(file, order, shown, columns=(), idempotency_key=None)

    def upload_once(
        self,
        file: UploadFile,
        order: UploadOrder,
        shown: Progress,
        *,
        columns: Sequence[ColumnForm],
        idempotency_key: str | None,
    ) -> Document:
        """As `upload`; with `columns` as the mapping, which is saved when the file is accepted. The same
        `idempotency_key` leads to the same request."""
        shown.storing(file.size)
        boundary = secrets.token_hex(16)
        request = {**msgspec.to_builtins(order), "file_name": file.name}
        if columns:
            request["mapping"] = msgspec.to_builtins(columns)
        form = _form(boundary, json.dumps(request).encode(), file.parts(shown.stored))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return self._document("POST", "/uploads", body=form, headers=headers)

    def requests(self, *, limit: int) -> list[Document]:
        found: list[Document] = []
        before: str | None = ""
        while before is not None and len(found) < limit:
            size = min(limit - len(found), MAX_PAGE)
            page = self._document("GET", f"/requests?limit={size}" + (f"&before={before}" if before else ""))
            found += page["requests"]
            before = page["next"]
        return found

    def request(self, request_id: str) -> Document:
        return self._document("GET", _path(request_id))

    def changes(self, request_id: str) -> Iterator[Document]:
        """A stream that breaks off is opened anew; meanwhile the last state comes again each second, and `problems`
        says why."""
        state: Document | None = None
        away_since: float | None = None
        while True:
            try:
                for state in self._states(request_id):
                    away_since, self._problems = None, []
                    yield state
                    if Status(state["status"]).ended:
                        return
                problem = Unavailable(f"{self._base} has ended its answer early")
            except Unavailable as error:
                problem = error
            away_since = away_since or time.monotonic()
            if state is None or time.monotonic() - away_since > RECONNECT_SECONDS:
                raise problem
            self._problems = [str(problem)]
            yield state
            time.sleep(RECONNECT_PAUSE_SECONDS)

    def problems(self) -> list[str]:
        return self._problems

    def rejects(self, request_id: str) -> Iterator[bytes]:
        return self._lines(self._send("GET", _path(request_id, "/rejects"), kind=TSV))

    def cancel(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":cancel"))

    def resubmit(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":resubmit"))

    def undo(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":undo"))

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        asked = {"namespace": namespace, "value": value, "reveal": reveal, "lineage": True}
        return self._sent("POST", "/profiles:lookup", asked)

    def sources(self) -> list[Document]:
        return self._list("/data-sources", "data_sources")

    def create_source(self, name: str, display_name: str) -> Document:
        return self._sent("POST", "/data-sources", {"name": name, "display_name": display_name})

    def attributes(self) -> list[Document]:
        return self._list("/attributes", "attributes")

    def known_attributes(self) -> dict[str, Attribute]:
        """As `attributes`, for who judges a mapping by them."""
        return {each["name"]: _attribute(each) for each in self.attributes()}

    def create_attribute(self, name: str, *, format: str, pii: bool, display_name: str) -> Document:
        wanted = {"name": name, "format": format, "pii": pii, "display_name": display_name}
        return self._sent("POST", "/attributes", wanted)

    def mapping(self, source: str) -> Document:
        return self._document("GET", _mapping_path(source))

    def save_mapping(self, source: str, columns: Sequence[ColumnForm]) -> Document:
        read_columns(columns, self.known_attributes())  # so that no source is created for a mapping that is refused
        self.create_source(source, "")
        return self._sent("PUT", _mapping_path(source), {"columns": msgspec.to_builtins(columns)})

    def keys(self) -> list[Document]:
        return self._list("/api-keys", "api_keys")

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> Document:
        wanted = {"role": role, "name": name}
        if expires_at is not None:
            wanted["expires_at"] = rfc3339(expires_at)
        return self._sent("POST", "/api-keys", wanted)

    def revoke_key(self, key_id: str) -> None:
        self._send("DELETE", f"/api-keys/{quote(key_id, safe='')}").drain_conn()

    def close(self) -> None:
        self._pool.clear()

    def _states(self, request_id: str) -> Iterator[Document]:
        """Each state, and once more where the server says that there is no other yet."""
        state: Document | None = None
        for line in self._lines(self._send("GET", _path(request_id, "/events"), kind=EVENTS)):
            if line.startswith(_EVENT_DATA):
                state = read_json(self._base, line.removeprefix(_EVENT_DATA))
                yield state
            elif line.startswith(_EVENT_COMMENT) and state is not None:
                yield state

    def _list(self, path: str, field: str) -> list[Document]:
        """All records, page by page."""
        found: list[Document] = []
        after: str | None = ""
        while after is not None:
            page = self._document("GET", f"{path}?after={quote(after, safe='')}" if after else path)
            found += page[field]
            after = page.get("next")
        return found

    def _sent(self, method: str, path: str, document: Document) -> Document:
        return self._document(method, path, body=json.dumps(document).encode(), headers=_JSON)

    def _document(self, method: str, path: str, **sent: Any) -> Document:
        response = self._send(method, path, kind=JSON, **sent)
        with driver_errors(self._base):
            body = response.data
        return read_json(self._base, body)

    def _send(
        self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None, kind: str = ""
    ) -> Response:
        """The response, its body unread. Raises what a problem stands for, and when the body is not of `kind`."""
        with driver_errors(self._base):
            response = self._pool.request(
                method,
                self._base + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                preload_content=False,
                redirect=False,
            )
            judge_answer(self._base, response, kind)
        return response

    def _lines(self, response: Response) -> Iterator[bytes]:
        """The body line by line, with the line ends; only a newline ends a line."""
        rest = b""
        with driver_errors(self._base):
            for piece in response.stream(PIECE_BYTES):
                *lines, rest = (rest + piece).split(b"\n")
                yield from (line + b"\n" for line in lines)
        if rest:
            yield rest


def _path(request_id: str, rest: str = "") -> str:
    return f"/requests/{quote(request_id, safe='')}{rest}"


def _attribute(document: Document) -> Attribute:
    fields = {field.name: document[field.name] for field in msgspec.structs.fields(Attribute)}
    return Attribute(**{**fields, "format": parse_format(document["format"])})


def _mapping_path(source: str) -> str:
    return f"/data-sources/{quote(source, safe='')}/mapping"


def _form(boundary: str, request: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """A multipart body, in the order that lets the server judge the request before the file has come."""
    line = b"--" + boundary.encode()
    disposition = b'\r\nContent-Disposition: form-data; name="'
    yield line + disposition + b'request"\r\nContent-Type: application/json\r\n\r\n' + request + b"\r\n"
    yield line + disposition + b'file"; filename="file"\r\n'
    yield b"Content-Type: application/octet-stream\r\n\r\n"
    yield from parts
    yield b"\r\n" + line + b"--\r\n"
