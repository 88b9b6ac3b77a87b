"""Requests whose length could be read in two ways are refused: behind a proxy, each way would be another request.

h11 takes two equal Content-Lengths for one, and lets Transfer-Encoding win over Content-Length. It also takes some
microseconds of the event loop for each chunk of a body, so that a body in tiny chunks is refused.
"""

from __future__ import annotations

import re
from typing import Any

import h11

from penstock.domain.errors import Refused, refusal

SMALL_CHUNK_BYTES = 256
SMALL_CHUNKS = 1_000  # that many empty ones; a larger chunk makes up for smaller ones before it

_MALFORMED = refusal("bad_request", "this is no well-formed request of HTTP/1.1", "Send one, and its length once.")
_TINY_CHUNKS = refusal(
    "bad_request",
    f"the body comes in more than {SMALL_CHUNKS:,} chunks of less than {SMALL_CHUNK_BYTES} bytes",
    "Send larger chunks, or a Content-Length.",
)
_END = re.compile(rb"\n\r?\n")
_LENGTHS = re.compile(rb"^content-length[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


class StrictConnection(h11.Connection):
    """`chunked` tells of the body of the present request; `refused`, what is wrong with it if anything is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.chunked = False
        self.refused: Refused = _MALFORMED
        self._lacking = 0  # bytes, of chunks that are too small

    def next_event(self) -> Any:
        """As h11's. Raises `h11.RemoteProtocolError` also for an ambiguous length and for tiny chunks."""
        received = self.trailing_data[0] if self.their_state is h11.IDLE else b""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._begin(event, _END.split(received, maxsplit=1)[0])
        elif isinstance(event, h11.Data) and self.chunked:
            self._count(event)
        return event

    def _begin(self, request: h11.Request, head: bytes) -> None:
        self.chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
        self._lacking = 0
        _check(request, head, self.chunked)

    def _count(self, data: h11.Data) -> None:
        expected = SMALL_CHUNK_BYTES if data.chunk_start else 0
        self._lacking = max(0, self._lacking + expected - len(data.data))
        if self._lacking > SMALL_CHUNKS * SMALL_CHUNK_BYTES:
            self.refused = _TINY_CHUNKS
            raise h11.RemoteProtocolError("tiny chunks")


def _check(request: h11.Request, head: bytes, chunked: bool) -> None:
    lengths = _LENGTHS.findall(head)
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise h11.RemoteProtocolError("more than one Content-Length")
    if chunked and (lengths or request.http_version < b"1.1"):
        raise h11.RemoteProtocolError("Transfer-Encoding beside Content-Length, or in HTTP/1.0")
