"""The calls of the HTTP API: sent, sent again, and their answers checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import urllib3

from penstock.client.answers import MAX_DOCUMENT_BYTES, MAX_PROBLEM_BYTES, read_body, read_lines
from penstock.client.driver_errors import check_answer, driver_errors, read_json
from penstock.client.errors import Misconfigured
from penstock.client.retries import ATTEMPTS, repeated
from penstock.domain.errors import refusal

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0  # an idle event stream sends comments more often
JSON = "application/json"
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})

Response = urllib3.BaseHTTPResponse
T = TypeVar("T")


class Connection:
    """`url` is the server's address, with or without /v1; `key` an API key. Raises `Misconfigured`."""

    def __init__(self, url: str, key: str) -> None:
        self.base = _checked_address(url).rstrip("/").removesuffix("/v1") + "/v1"
        self._headers = {"Authorization": f"Bearer {_checked_key(key)}"}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def document(
        self,
        method: str,
        path: str,
        shape: type[T],
        *,
        repeatable: bool | None = None,
        attempts: int = ATTEMPTS,
        **sent: Any,
    ) -> T:
        """The JSON document that a call answers with; `sent` are its `body` and `headers`."""

        def call() -> T:
            response = self._send(method, path, kind=JSON, **sent)
            return read_json(self.base, self._body(response, MAX_DOCUMENT_BYTES), shape)

        return _repeated(call, method, repeatable, attempts)

    def send_json(
        self, method: str, path: str, document: Any, shape: type[T], *, repeatable: bool | None = None, **headers: str
    ) -> T:
        """As `document`, with a JSON body."""
        body, headers = json.dumps(document).encode(), {"Content-Type": JSON, **headers}
        return self.document(method, path, shape, repeatable=repeatable, body=body, headers=headers)

    def headers(self, method: str, path: str, *, repeatable: bool | None = None, **sent: Any) -> Mapping[str, str]:
        """The headers of the answer of a call that answers with nothing else."""

        def call() -> Mapping[str, str]:
            response = self._send(method, path, **sent)
            self._body(response, MAX_PROBLEM_BYTES)
            return response.headers

        return _repeated(call, method, repeatable)

    def lines(self, path: str, kind: str | tuple[str, ...]) -> Iterator[bytes]:
        """The lines of an answer of one of these media types. An answer that breaks off is not read again."""
        response = _repeated(partial(self._send, "GET", path, kind=kind), "GET", None)
        return self._lines(response)

    def close(self) -> None:
        self._pool.clear()

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        kind: str | tuple[str, ...] = "",
    ) -> Response:
        """The response, with its body unread. Raises the error of a problem, or if the body is not of `kind`."""
        with driver_errors(self.base):
            response = self._pool.request(
                method,
                self.base + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                preload_content=False,
                redirect=False,
            )
            check_answer(self.base, response, kind)
        return response

    def _body(self, response: Response, max_bytes: int) -> bytes:
        with driver_errors(self.base):
            return read_body(self.base, response, max_bytes)

    def _lines(self, response: Response) -> Iterator[bytes]:
        with driver_errors(self.base):
            yield from read_lines(self.base, response)


def _repeated(call: Callable[[], T], method: str, repeatable: bool | None, attempts: int = ATTEMPTS) -> T:
    """Whether to repeat a call; `repeatable` is None for the default of the method."""
    may_repeat = method in REPEATABLE_METHODS if repeatable is None else repeatable
    return repeated(call, repeatable=may_repeat, attempts=attempts)


def _checked_address(url: str) -> str:
    if re.match(r"https?://[^/?#]", url) is None:
        hint = "Begin it with https:// or http://."
        raise Misconfigured(refusal("invalid_url", "the server's URL is not a web address", hint).faults)
    return url


def _checked_key(key: str) -> str:
    key = key.strip()
    if not key:
        hint = "Set PENSTOCK_API_KEY. Create the first key on the system's machine: penstock key create --data DIR"
        raise Misconfigured(refusal("no_key", "a running system needs an API key", hint).faults)
    if not (key.isascii() and key.isprintable()):
        hint = "Set PENSTOCK_API_KEY to the key exactly as `penstock key create` printed it."
        raise Misconfigured(refusal("no_key", "the API key contains invalid characters", hint).faults)
    return key
