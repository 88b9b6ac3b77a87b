"""A multipart/form-data body (RFC 7578), part by part, while it arrives. Nothing is kept, in memory or on disk."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from penstock.domain.errors import Refused, refusal
from services.uploader.api.incoming import IncomingBody

MAX_HEADER_BYTES = 32 * 1024  # a file name of 4,000 characters is up to 16 KB


class Part(NamedTuple):
    """`file_name` is whatever the client says, and never a path here."""

    name: str
    file_name: str | None


class Multipart:
    """The parts of a body. Raises `Refused`: malformed_multipart, unsupported_media_type, and what the body raises."""

    def __init__(self, content_type: str, body: IncomingBody) -> None:
        kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
        if kind != b"multipart/form-data":
            raise refusal("unsupported_media_type", "the body is not a form", "Send multipart/form-data.")
        self._body = body
        self._events: deque[Part | bytes | None] = deque()  # None ends a part
        self._collected: list[bytes] = []
        self._header: list[list[bytes]] = []
        self._complete = False
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_begin": self._on_header_begin,
                    "on_header_field": lambda data, start, end: self._on_header(0, data[start:end]),
                    "on_header_value": lambda data, start, end: self._on_header(1, data[start:end]),
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": lambda data, start, end: self._collected.append(data[start:end]),
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError:
            raise _malformed() from None
        if not options.get(b"boundary"):
            raise _malformed()

    async def next_part(self) -> Part | None:
        """The next part, past what is left of the present one; None at the end."""
        while True:
            event = await self._event()
            if event is None and self._complete and not self._events:
                return None
            if isinstance(event, Part):
                return event

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

    async def _event(self) -> Part | bytes | None:
        while not self._events:
            if self._complete:
                return None
            await self._feed()
        return self._events.popleft()

    async def _feed(self) -> None:
        piece = await self._body.piece()
        if not piece:
            raise _malformed()
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _malformed() from None
        self._flush()

    def _flush(self) -> None:
        """One event for all the data of one piece; the parser calls back for every line end."""
        if self._collected:
            self._events.append(b"".join(self._collected))
            self._collected.clear()

    def _on_part_begin(self) -> None:
        self._header.clear()

    def _on_header_begin(self) -> None:
        self._header.append([b"", b""])

    def _on_header(self, place: int, data: bytes) -> None:
        self._header[-1][place] += data

    def _on_headers_finished(self) -> None:
        for name, value in self._header:
            if name.strip().lower() == b"content-disposition":
                _, options = parse_options_header(value)
                file_name = options.get(b"filename")
                self._events.append(
                    Part(_text(options.get(b"name", b"")), None if file_name is None else _text(file_name))
                )
                return
        raise MalformedPart

    def _on_part_end(self) -> None:
        self._flush()
        self._events.append(None)

    def _on_end(self) -> None:
        self._complete = True


class MalformedPart(FormParserError):
    """A part without a Content-Disposition."""


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _malformed() -> Refused:
    return refusal(
        "malformed_multipart", "the body is not a whole, well-formed form", "Send multipart/form-data (RFC 7578)."
    )
