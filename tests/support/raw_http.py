"""HTTP by hand over a socket, for what no client of HTTP would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

SECONDS = 60
HOST = "Host: penstock\r\n"
BOUNDARY = "a-boundary"


class RawAnswer(NamedTuple):
    status: int
    head: str
    body: bytes

    @property
    def code(self) -> Any:
        return json.loads(self.body)["code"]


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    with socket.create_connection(address(url), timeout=SECONDS) as connection:
        yield connection


@contextmanager
def many_connected(url: str, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, each with `first` sent on it."""
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            connections.append(stack.enter_context(connected(url)))
            connections[-1].sendall(first)
        yield connections


def address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


def answered(url: str, request: str | bytes) -> RawAnswer:
    """What one request is answered, on a connection of its own."""
    with connected(url) as connection:
        connection.sendall(request if isinstance(request, bytes) else request.encode("latin-1"))
        return answer_on(connection)


def answer_on(connection: socket.socket) -> RawAnswer:
    """The next answer, whose headers give its length."""
    head, body = b"", b""
    while not head.endswith(b"\r\n\r\n"):
        head += _more(connection, 1)
    text = head.decode("latin-1")
    length = next(int(line[15:]) for line in text.split("\r\n") if line.lower().startswith("content-length:"))
    while len(body) < length:
        body += _more(connection, length - len(body))
    return RawAnswer(int(text.split()[1]), text, body)


def ended(connection: socket.socket) -> bool:
    """Waits for the end of the connection, whatever comes before."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


def upload_head(authorization: str, output: dict[str, Any]) -> bytes:
    """An upload whose file has begun, and is not ended."""
    parts = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="request"\r\n\r\n{json.dumps(output)}\r\n'
    parts += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.tsv"\r\n\r\ncrmid\t'
    head = f"POST /v1/uploads HTTP/1.1\r\n{HOST}Authorization: {authorization}\r\nTransfer-Encoding: chunked\r\n"
    head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    return (head + f"{len(parts):x}\r\n{parts}\r\n").encode()


def _more(connection: socket.socket, most: int) -> bytes:
    received = connection.recv(most)
    assert received, "the connection ended before its answer"
    return received
