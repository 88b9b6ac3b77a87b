"""An HTTP proxy in this process that notes every request, and spoils the answers as a test configures it."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

HOP_BY_HOP = {"expect", "connection", "transfer-encoding", "keep-alive"}


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]  # names in lower case


class Answer(NamedTuple):
    """`sent`: after so many bytes of the body the connection breaks. With status 0 it breaks before any answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    sent: int | None = None


class SpoilingProxy:
    """Stands before the server at `upstream`, a URL; `spoil` may answer otherwise than it did. With `tls` it speaks
    HTTPS."""

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.spoil: Callable[[Asked, Answer], Answer] = lambda _, answer: answer
        address = urlsplit(upstream)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = sent_body(self.rfile, self.headers)
                asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
                proxy.asked.append(asked)
                self._answer(proxy.spoil(asked, passed_on(address.netloc, asked, body)))

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

            def _answer(self, answer: Answer) -> None:
                self.close_connection = answer.sent is not None or answer.status == 0
                if answer.status == 0:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body[: answer.sent])

            def log_message(self, format: str, *args: object) -> None:
                """Quietly."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> SpoilingProxy:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    """One that can also break the connections that clients keep open."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what tests are about; anything else is a mistake of theirs."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in self._connections:
            with suppress(OSError):  # it may be closed already
                connection.shutdown(socket.SHUT_RDWR)


def sent_body(file: io.BufferedIOBase, headers: Message) -> bytes:
    """The body of a request, with a Content-Length or in chunks (RFC 9112 §7.1)."""
    if headers.get("Transfer-Encoding") != "chunked":
        return file.read(int(headers.get("Content-Length") or 0))
    body = b""
    while size := int(file.readline(), 16):
        body += file.read(size)
        file.readline()
    file.readline()
    return body


def passed_on(upstream: str, asked: Asked, body: bytes) -> Answer:
    """What the server says. The host stays the one that was signed, which is the proxy's."""
    connection = http.client.HTTPConnection(upstream, timeout=30)
    try:
        connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            if name not in HOP_BY_HOP:
                connection.putheader(name, value)
        if "content-length" not in asked.headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        got = connection.getresponse()
        content = got.read()
        headers = {name: value for name, value in got.getheaders() if name.lower() not in HOP_BY_HOP}
    finally:
        connection.close()
    return Answer(got.status, {"Content-Length": str(len(content)), **headers}, content)
