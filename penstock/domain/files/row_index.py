"""The row index of a file: where rows end, about every 256 KiB, so that nobody has to read a file to divide it.

It is made while the file is received, and stored beside it. Its format is a MessagePack array

    [format = 1, offset of the first row, ends, lines]

where `ends` and `lines` are unsigned 64-bit integers in little-endian order, one each per stretch of whole rows: the
offset of its end, and the line number of its first row.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator

import msgspec

from penstock.domain.errors import Corrupt
from penstock.domain.files.chunking import ChunkSpan, SpanCutter
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileFormat, FileOptions
from penstock.domain.mapping.mapping import Limits

STRETCH_BYTES = 256 * 1024
FIRST_LINE = 1
_FORMAT = 1
_NUMBERS = "Q"


class _Stored(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    format: int
    start: int
    ends: bytes
    lines: bytes


class RowIndex:
    """Stretches of whole rows from `start` to the end of the file. A stretch longer than those asked for is a single
    row."""

    def __init__(self, start: int, ends: array[int], lines: array[int]) -> None:
        self.start, self._ends, self._lines = start, ends, lines

    @property
    def end(self) -> int:
        """The size of the file, in bytes."""
        return self._ends[-1] if self._ends else self.start

    @property
    def first_line(self) -> int:
        return self._lines[0] if self._lines else FIRST_LINE

    def chunks(self, chunk_bytes: int) -> Iterator[ChunkSpan]:
        """The file's chunks: as many stretches each as fit into `chunk_bytes`, at least one."""
        chunk, start, end, first_line = 0, self.start, self.start, self.first_line
        for next_end, line in zip(self._ends, self._lines, strict=True):
            if end > start and next_end - start > chunk_bytes:
                yield ChunkSpan(chunk, start, end, first_line)
                chunk, start, first_line = chunk + 1, end, line
            end = next_end
        if end > start:
            yield ChunkSpan(chunk, start, end, first_line)

    def count(self, chunk_bytes: int) -> int:
        """The number of chunks; a file without rows has one."""
        return max(1, sum(1 for _ in self.chunks(chunk_bytes)))

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(_Stored(_FORMAT, self.start, _packed(self._ends), _packed(self._lines)))


def decode_index(body: bytes) -> RowIndex:
    """The index that `RowIndex.encode` made. Raises `Corrupt`."""
    try:
        stored = msgspec.msgpack.decode(body, type=_Stored)
        ends, lines = _unpacked(stored.ends), _unpacked(stored.lines)
    except (msgspec.DecodeError, ValueError) as error:
        raise Corrupt("a row index cannot be read") from error
    if stored.format != _FORMAT or len(ends) != len(lines):
        raise Corrupt("a row index is not in a format that this version knows")
    return RowIndex(stored.start, ends, lines)


class RowIndexer:
    """Makes the index of a file from its plain bytes as they pass by. Keeps the head in memory until the format is
    detected, then one stretch and, if the format looks ahead, a row of the maximum size."""

    def __init__(self, limits: Limits, options: FileOptions, *, stretch_bytes: int = STRETCH_BYTES) -> None:
        self._limits, self._quoted, self._stretch_bytes = limits, bool(options.quoted), stretch_bytes
        self._head: bytearray | None = bytearray()  # until the format is detected
        self._cutter: SpanCutter | None = None
        self._start = 0
        self._ends, self._lines = array(_NUMBERS), array(_NUMBERS)
        self.file_format = FileFormat()

    def take(self, part: bytes) -> None:
        if self._head is None:
            self._cut(part)
            return
        self._head += part
        if len(self._head) >= MAX_HEADER_BYTES:
            self._begin(bytes(self._head), complete=False)

    def finish(self) -> RowIndex | None:
        """The index; None for a file without a header, which is refused."""
        if self._head is not None:
            self._begin(bytes(self._head), complete=True)
        if self._cutter is None:
            return None
        self._add(self._cutter.finish())
        return RowIndex(self._start, self._ends, self._lines)

    def _begin(self, received: bytes, *, complete: bool) -> None:
        self._head = None
        head = received[:MAX_HEADER_BYTES]
        self.file_format = detect_format(head, quoted=self._quoted)
        chosen = tabular_format(self.file_format)
        header = chosen.read_header(head, text_start(head), max_columns=self._limits.columns, complete=complete)
        if header.faults:
            return
        self._start = header.body_start
        self._cutter = SpanCutter(
            chosen,
            body_start=header.body_start,
            first_line=header.first_line,
            chunk_bytes=self._stretch_bytes,
            max_row_bytes=self._limits.row_bytes,
        )
        self._cut(received[header.body_start :])

    def _cut(self, part: bytes) -> None:
        if self._cutter is not None:
            self._add(self._cutter.take(part))

    def _add(self, spans: Iterable[ChunkSpan]) -> None:
        for span in spans:
            self._ends.append(span.end)
            self._lines.append(span.first_line)


def _packed(numbers: array[int]) -> bytes:
    return _little_endian(array(_NUMBERS, numbers)).tobytes()


def _unpacked(body: bytes) -> array[int]:
    """Raises ValueError for a length that is not one of whole numbers."""
    return _little_endian(array(_NUMBERS, body))


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
