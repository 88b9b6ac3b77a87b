"""Chunking: cuts a file's body into ranges of whole rows without parsing a row.

The format decides where a row ends (`TabularFormat.last_row_end`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from penstock.domain.files.tabular_format import TabularFormat

_NEWLINE = b"\n"


class ChunkSpan(NamedTuple):
    """Whole rows at [start, end) of the file's plain bytes; `first_line` is the file's line number of the first."""

    chunk: int
    start: int
    end: int
    first_line: int


def spans(
    parts: Iterable[bytes],
    file_format: TabularFormat,
    *,
    body_start: int,
    first_line: int,
    chunk_bytes: int,
    max_row_bytes: int,
) -> Iterator[ChunkSpan]:
    """The chunks of a file's body. `parts` are its bytes, in pieces of any size; the body starts at `body_start`.

    Every byte of the body lies in exactly one span, in order. A span ends at the last row end within `chunk_bytes`; a
    longer row gets a span of its own. The last row may lack its line end. The result depends on the bytes alone, not on
    how they are split into parts. Memory holds a chunk, a part and, if the format looks ahead, a row of the maximum
    size.
    """
    cutter = SpanCutter(
        file_format,
        body_start=body_start,
        first_line=first_line,
        chunk_bytes=chunk_bytes,
        max_row_bytes=max_row_bytes,
    )
    for part in parts:
        yield from cutter.take(part)
    yield from cutter.finish()


def is_oversized_row(size: int, *, chunk_bytes: int, max_row_bytes: int) -> bool:
    """Whether a span of `size` bytes is a single row over the limit, to be rejected without being read.

    A span longer than a chunk is always a single row.
    """
    return size > max(chunk_bytes, max_row_bytes)


class SpanCutter:
    """`spans` for bytes that come piece by piece; parameters as there.

    The state between two parts: `_rows` holds the bytes from the current span's start on, apart from its first
    `_dropped`, which belong to a line that is too long to be kept; `_line` is the span's first line."""

    def __init__(
        self,
        file_format: TabularFormat,
        *,
        body_start: int,
        first_line: int,
        chunk_bytes: int,
        max_row_bytes: int,
    ) -> None:
        self._format, self._chunk_bytes, self._max_row = file_format, chunk_bytes, max(chunk_bytes, max_row_bytes)
        self._needed = chunk_bytes + (self._max_row if file_format.looks_ahead else 0)
        self._chunk, self._start, self._line = 0, body_start, first_line
        self._rows = bytearray()
        self._dropped = 0

    def take(self, part: bytes) -> Iterator[ChunkSpan]:
        """The spans that end for certain, given `part`, the next bytes of the file."""
        self._rows += part
        yield from self._whole_spans(final=False)

    def finish(self) -> Iterator[ChunkSpan]:
        """The remaining spans, the last of which ends with the file."""
        yield from self._whole_spans(final=True)
        if self._rows or self._dropped:
            yield self._cut(len(self._rows))

    def _whole_spans(self, *, final: bool) -> Iterator[ChunkSpan]:
        while self._dropped or len(self._rows) > self._chunk_bytes:
            if not (self._dropped or final or len(self._rows) >= self._needed):
                return
            end = self._end()
            if not end:
                self._drop()
                return
            yield self._cut(end)

    def _end(self) -> int:
        """The end of the current span in `_rows`; 0 if it is not there yet."""
        if self._dropped:
            return self._rows.find(_NEWLINE) + 1
        within = self._format.last_row_end(self._rows, self._chunk_bytes, max_row_bytes=self._max_row)
        return within or self._format.first_row_end(self._rows, max_row_bytes=self._max_row)

    def _drop(self) -> None:
        """Forget the bytes of a row without a line end, once it is over the limit; it ends with its line."""
        if self._dropped or len(self._rows) > self._max_row:
            self._dropped += len(self._rows)
            self._rows.clear()

    def _cut(self, end: int) -> ChunkSpan:
        span = ChunkSpan(self._chunk, self._start, self._start + self._dropped + end, self._line)
        self._chunk, self._start = self._chunk + 1, span.end
        self._line += self._rows.count(_NEWLINE, 0, end)
        del self._rows[:end]
        self._dropped = 0
        return span
