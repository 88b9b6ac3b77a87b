"""Chunking: cuts a file's body into ranges of whole rows without parsing a row.

The format decides where a row ends (`TabularFormat.scanner`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from penstock.domain.files.tabular_format import RowEnd, RowScanner


class ChunkSpan(NamedTuple):
    """Whole rows at [start, end) of the file's plain bytes; `first_line` is the file's line number of the first."""

    chunk: int
    start: int
    end: int
    first_line: int


def spans(
    parts: Iterable[bytes], scanner: RowScanner, *, body_start: int, first_line: int, chunk_bytes: int
) -> Iterator[ChunkSpan]:
    """The chunks of a file's body. `parts` are its bytes, in pieces of any size; the body starts at `body_start`.

    Every byte of the body lies in exactly one span, in order. A span ends at the last row end within `chunk_bytes`; a
    longer row gets a span of its own. The last row may lack its line end. The result depends on the bytes alone, not on
    how they are split into parts, and no part is kept in memory.
    """
    cutter = _Cutter(scanner, body_start, first_line, chunk_bytes)
    for part in parts:
        yield from cutter.take(part)
    yield from cutter.finish()


def is_oversized_row(size: int, *, chunk_bytes: int, max_row_bytes: int) -> bool:
    """Whether a span of `size` bytes is a single row over the limit, to be rejected without being read.

    A span longer than a chunk is always a single row.
    """
    return size > max(chunk_bytes, max_row_bytes)


class _Cutter:
    """The state between two parts: the current span, and how far it has been scanned.

    `_edge` is the end of the last whole row in the span so far, or `_start` when there is none; `_lines` counts the
    lines up to it. No row ends in [_edge, _seen).
    """

    def __init__(self, scanner: RowScanner, start: int, first_line: int, chunk_bytes: int) -> None:
        self._scanner, self._chunk_bytes = scanner, chunk_bytes
        self._chunk, self._start, self._line = 0, start, first_line
        self._seen = self._edge = start
        self._lines = 0

    def take(self, part: bytes) -> Iterator[ChunkSpan]:
        """The spans that end within `part`, the next bytes of the file."""
        at = 0
        while at < len(part):
            window = self._start + self._chunk_bytes - self._seen
            if window > 0:
                at = self._scan(part, at, min(len(part), at + window))
                continue
            if self._edge == self._start:
                at = self._finish_row(part, at)
            if self._edge > self._start:
                yield self._cut(self._edge)

    def finish(self) -> Iterator[ChunkSpan]:
        """The last span, which ends with the file."""
        if self._seen > self._start:
            yield self._cut(self._seen)

    def _scan(self, part: bytes, at: int, to: int) -> int:
        """Record the last row end in part[at:to], which lies within the span's window."""
        self._record_end(self._scanner.last_end(part, at, to), at)
        self._seen += to - at
        return to

    def _finish_row(self, part: bytes, at: int) -> int:
        """Search for the end of a row that is longer than the span's window."""
        end = self._scanner.next_end(part, at)
        self._record_end(end, at)
        to = end.offset if end else len(part)
        self._seen += to - at
        return to

    def _record_end(self, end: RowEnd | None, at: int) -> None:
        if end is not None:
            self._edge = self._seen + end.offset - at
            self._lines += end.lines

    def _cut(self, end: int) -> ChunkSpan:
        span = ChunkSpan(self._chunk, self._start, end, self._line)
        self._chunk, self._start, self._line = self._chunk + 1, end, self._line + self._lines
        self._edge, self._lines = end, 0
        return span
