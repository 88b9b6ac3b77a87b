"""The client of a running system's HTTP API."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import urllib3

from penstock.domain.errors import Fault, NotFound, PenstockError, Problem, Refused, Unavailable
from penstock.domain.request import Status
from services.cli.client import Client, UploadOrder
from services.cli.output import Document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0  # a server that has nothing to tell says so more often
PIECE_BYTES = 64 * 1024
_EVENT_DATA = b"data:"
_MEND = {"unauthorized": "Use a key that has not been revoked; `penstock key create` makes one."}

Response = urllib3.BaseHTTPResponse


class HttpClient(Client):
    """`url` is the server's address, with or without /v1; `key` an API key. Raises `Unavailable` when it is away."""

    def __init__(self, url: str, key: str) -> None:
        self._base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def upload(self, file: UploadFile, order: UploadOrder, shown: Progress) -> Document:
        shown.storing(file.size)
        boundary = secrets.token_hex(16)
        request = {**msgspec.to_builtins(order), "file_name": file.name}
        form = _form(boundary, json.dumps(request).encode(), file.parts(shown.stored))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._document("POST", "/uploads", body=form, headers=headers)

    def requests(self, *, limit: int) -> list[Document]:
        found: list[Document] = self._document("GET", f"/requests?limit={limit}")["requests"]
        return found

    def request(self, request_id: str) -> Document:
        return self._document("GET", _path(request_id))

    def changes(self, request_id: str) -> Iterator[Document]:
        """A stream that breaks off is opened anew."""
        while True:
            for line in _lines(self._send("GET", _path(request_id, "/events"))):
                if line.startswith(_EVENT_DATA):
                    state: Document = json.loads(line.removeprefix(_EVENT_DATA))
                    yield state
                    if Status(state["status"]).ended:
                        return

    def rejects(self, request_id: str) -> Iterator[bytes]:
        return _lines(self._send("GET", _path(request_id, "/rejects")))

    def cancel(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":cancel"))

    def resubmit(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":resubmit"))

    def undo(self, request_id: str) -> Document:
        return self._document("POST", _path(request_id, ":undo"))

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        asked = {"namespace": namespace, "value": value, "reveal": reveal, "lineage": True}
        return self._document(
            "POST", "/profiles:lookup", body=json.dumps(asked).encode(), headers={"Content-Type": "application/json"}
        )

    def close(self) -> None:
        self._pool.clear()

    def _document(self, method: str, path: str, **sent: Any) -> Document:
        response = self._send(method, path, **sent)
        with _errors():
            document: Document = json.loads(response.data)
        return document

    def _send(self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        """The response, its body unread. Raises what a problem stands for."""
        with _errors():
            response = self._pool.request(
                method,
                self._base + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                preload_content=False,
                redirect=False,
            )
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise _error(response.status, response.data)
        return response


def _path(request_id: str, rest: str = "") -> str:
    return f"/requests/{quote(request_id, safe='')}{rest}"


def _form(boundary: str, request: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """A multipart body, in the order that lets the server judge the request before the file has come."""
    line = b"--" + boundary.encode()
    disposition = b'\r\nContent-Disposition: form-data; name="'
    yield line + disposition + b'request"\r\nContent-Type: application/json\r\n\r\n' + request + b"\r\n"
    yield line + disposition + b'file"; filename="file"\r\n'
    yield b"Content-Type: application/octet-stream\r\n\r\n"
    yield from parts
    yield b"\r\n" + line + b"--\r\n"


def _lines(response: Response) -> Iterator[bytes]:
    """The body line by line, with the line ends; only a newline ends a line."""
    rest = b""
    with _errors():
        for piece in response.stream(PIECE_BYTES):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


@contextmanager
def _errors() -> Iterator[None]:
    """The driver's errors as Penstock's own."""
    try:
        yield
    except (urllib3.exceptions.HTTPError, json.JSONDecodeError, OSError) as error:
        raise Unavailable(
            f"the server does not answer as it should ({type(error).__name__}); is the address right?"
        ) from None


def _error(status: int, body: bytes) -> PenstockError:
    """What an answer that is no success stands for; the API says it as a problem (RFC 9457)."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return Unavailable(f"the server answered {status}, and not as Penstock does; is the address right?")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(problem.detail)
    if problem.code == NotFound.code:
        return NotFound(problem.detail)
    faults = problem.faults or [Fault(code=problem.code, message=problem.detail, mend=_MEND.get(problem.code, ""))]
    return Refused(faults, code=problem.code)
