"""The chunks of a file that is read once and stored nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from penstock.domain.files.chunking import is_oversized_row, spans
from penstock.domain.files.tabular_format import TabularFormat


class Chunk(NamedTuple):
    """Whole rows; `body` is None for a row that is too long to be kept."""

    body: bytes | None
    first_line: int


def chunks(
    parts: Iterable[bytes], file_format: TabularFormat, *, first_line: int, chunk_bytes: int, max_row_bytes: int
) -> Iterator[Chunk]:
    """The chunks of a body whose bytes are `parts`. Keeps one chunk and one row of the maximum size in memory."""
    window = _Window(parts, chunk_bytes + max_row_bytes)
    for span in spans(
        window, file_format, body_start=0, first_line=first_line, chunk_bytes=chunk_bytes, max_row_bytes=max_row_bytes
    ):
        body = window.take(span.start, span.end)
        oversized = is_oversized_row(span.end - span.start, chunk_bytes=chunk_bytes, max_row_bytes=max_row_bytes)
        yield Chunk(None if oversized else body, span.first_line)


class _Window:
    """Passes parts through and keeps those that are not taken yet, up to `max_bytes` and one part."""

    def __init__(self, parts: Iterable[bytes], max_bytes: int) -> None:
        self._parts, self._max_bytes = parts, max_bytes
        self._kept = bytearray()
        self._start = 0  # the offset of the first kept byte

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if len(self._kept) > self._max_bytes:
                self._start += len(self._kept)
                self._kept.clear()
            self._kept += part
            yield part

    def take(self, start: int, end: int) -> bytes | None:
        """The bytes at [start, end), which are not kept any longer; None if their first bytes were not kept."""
        body = bytes(self._kept[: end - start]) if start == self._start else None
        del self._kept[: end - self._start]
        self._start = end
        return body
