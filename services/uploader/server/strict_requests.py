"""Requests whose length could be read in two ways are refused: behind a proxy, each way would be another request.

h11 takes two equal Content-Lengths for one, lets Transfer-Encoding win over Content-Length, ends lines at a bare LF,
joins folded ones, and bounds a head only while it is incomplete. It also takes some microseconds of the event loop for
each chunk of a body, so that a body in tiny chunks is refused.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import h11

from penstock.domain.errors import Refused, refusal

MAX_HEADER_BYTES = 32 * 1024
SMALL_CHUNK_BYTES = 256
SMALL_CHUNKS = 1_000  # that many empty ones; a larger chunk makes up for smaller ones before it

_MALFORMED = refusal("bad_request", "this is no well-formed request of HTTP/1.1", "Send one, and its length once.")
_BAD_LINES = refusal(
    "bad_request",
    "the headers hold a line that is folded or ends without CRLF",
    "End each with CRLF, begin none with a space.",
)
_LONG_HEAD = refusal(
    "bad_request", f"the headers have more than {MAX_HEADER_BYTES:,} bytes", "Send fewer or shorter ones."
)
_TINY_CHUNKS = refusal(
    "bad_request",
    f"the body comes in more than {SMALL_CHUNKS:,} chunks of less than {SMALL_CHUNK_BYTES} bytes",
    "Send larger chunks, or a Content-Length.",
)
_END = re.compile(rb"\n\r?\n")
_BAD_LINE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]")
_LENGTHS = re.compile(rb"^content-length[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)


class StrictConnection(h11.Connection):
    """`chunked`: whether the body of the current request is chunked; `refused`: what is wrong with it, if anything."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEADER_BYTES)
        self.chunked = False
        self.refused: Refused = _MALFORMED
        self._lacking = 0  # bytes, of chunks that are too small

    def next_event(self) -> Any:
        """As h11's. Raises `h11.RemoteProtocolError` also for an ambiguous head or length, and for tiny chunks."""
        head = self._checked_head() if self.their_state is h11.IDLE else b""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._begin(event, head)
        elif isinstance(event, h11.Data) and self.chunked:
            self._count(event)
        return event

    def _checked_head(self) -> bytes:
        """The head of the next request, b"" while its end has not arrived."""
        received = self.trailing_data[0]
        end = _END.search(received)
        if end is None:
            return b""
        head = received[: end.end()]
        if len(head) > MAX_HEADER_BYTES:
            self._refuse(_LONG_HEAD)
        if _BAD_LINE.search(head):
            self._refuse(_BAD_LINES)
        return head

    def _refuse(self, refused: Refused) -> NoReturn:
        self.refused = refused
        raise h11.RemoteProtocolError(refused.faults[0].message)

    def _begin(self, request: h11.Request, head: bytes) -> None:
        self.chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
        self._lacking = 0
        _check(request, head, self.chunked)

    def _count(self, data: h11.Data) -> None:
        expected = SMALL_CHUNK_BYTES if data.chunk_start else 0
        self._lacking = max(0, self._lacking + expected - len(data.data))
        if self._lacking > SMALL_CHUNKS * SMALL_CHUNK_BYTES:
            self._refuse(_TINY_CHUNKS)


def _check(request: h11.Request, head: bytes, chunked: bool) -> None:
    lengths = _LENGTHS.findall(head)
    if len(lengths) > 1 or not all(length.strip().isdigit() for length in lengths):
        raise h11.RemoteProtocolError("more than one Content-Length")
    if chunked and (lengths or request.http_version < b"1.1"):
        raise h11.RemoteProtocolError("Transfer-Encoding beside Content-Length, or in HTTP/1.0")
