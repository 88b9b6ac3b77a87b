"""A multipart/form-data body (RFC 7578), part by part, while it arrives. Nothing is kept, in memory or on disk."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from penstock.domain.errors import Refused, refusal
from services.uploader.api.incoming import IncomingBody

MAX_HEADER_BYTES = 32 * 1024  # a file name of 4,000 characters is up to 16 KB
MAX_BOUNDARY = 256  # characters; RFC 2046 allows 70


class Part(NamedTuple):
    """`file_name` is whatever the client says, and never a path here."""

    name: str
    file_name: str | None


class Multipart:
    """The parts of a body. Raises `Refused`: malformed_multipart, unsupported_media_type, and what the body raises."""

    def __init__(self, content_type: str, body: IncomingBody) -> None:
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data":
            raise refusal("unsupported_media_type", "the body is not a form", "Send multipart/form-data.")
        boundary = options.get("boundary", "")
        if not 0 < len(boundary) <= MAX_BOUNDARY:
            raise _malformed()
        self._body = body
        self._events: deque[MultipartSegment | bytes | None] = deque()  # None ends a part
        self._ended = False
        self._parser = PushMultipartParser(
            boundary.encode("latin-1", "replace"),
            max_header_size=MAX_HEADER_BYTES,
            header_charset="latin-1",  # which takes any bytes; see `_text`
            strict=True,  # otherwise a header in many lines takes quadratic time
        )

    async def next_part(self) -> Part | None:
        """The next part, past what is left of the present one; None at the end."""
        while self._events or not self._ended:
            event = await self._event()
            if isinstance(event, MultipartSegment):
                return Part(_text(event.name or ""), None if event.filename is None else _text(event.filename))
        return None

    async def read(self) -> bytes:
        """The next piece of the present part; b"" at its end."""
        event = await self._event()
        return event if isinstance(event, bytes) else b""

    async def read_all(self, limit: int) -> bytes:
        """The whole of a small part. Raises `Refused` (body_too_large)."""
        whole = b""
        while piece := await self.read():
            whole += piece
            if len(whole) > limit:
                raise refusal("body_too_large", f"a part is larger than {limit:,} bytes", "Send less in this part.")
        return whole

    async def _event(self) -> MultipartSegment | bytes | None:
        while not self._events:
            if self._ended:
                return None
            await self._feed()
        return self._events.popleft()

    async def _feed(self) -> None:
        piece = await self._body.piece()
        try:
            self._events.extend(self._parser.parse(piece))
            self._ended = self._parser.closed
        except MultipartError:
            self._end()

    def _end(self) -> None:
        """What comes after the last boundary is no part of the form, and no fault."""
        try:
            self._parser.close()
        except MultipartError:
            raise _malformed() from None
        self._ended = True


def _text(raw: str) -> str:
    return raw.encode("latin-1").decode(errors="replace")


def _malformed() -> Refused:
    return refusal(
        "malformed_multipart", "the body is not a whole, well-formed form", "Send multipart/form-data (RFC 7578)."
    )
