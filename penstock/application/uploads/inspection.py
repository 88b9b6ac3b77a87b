"""Inspection: detects a file's format, and draws a sample of its rows from all of it; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from penstock.domain.errors import Fault, Refused
from penstock.domain.files.clean_names import clean_names
from penstock.domain.files.column_names import SPACES
from penstock.domain.files.compression import MAGIC_BYTES, compression_of, plain
from penstock.domain.files.encodings import to_utf8
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.header import parse_header
from penstock.domain.files.sampling import BlockSampler, sampled_rows
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions, HeaderCells, Nested, TabularFormat
from penstock.domain.mapping.mapping import Limits
from penstock.domain.mapping.mapping import Mapping as SavedMapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.sample import max_sample_rows

HEAD_BYTES = MAX_HEADER_BYTES + 64 * 1024  # plain
MAX_INSPECTED_BYTES = 64 * 1024 * 1024  # plain; of a larger file, the sample is drawn from these
SAMPLE_ROWS = 10
MAX_SAMPLE_CELL = 200  # characters
MAX_SAMPLE_COLUMNS = 5_000
MAX_NESTED = 0.05  # share of a column's cells that are objects or arrays, each of which would reject its row
NO_SAMPLE = Sample((), (), complete=False)


class Inspection(NamedTuple):
    """The head of a file and a sample of its rows, drawn from all of it. `complete`: the head is the file.

    `compression`: plain, gzip or zstd; `decompression_faults`: why it cannot be decompressed.
    """

    compression: str
    head: bytes
    complete: bool
    decompression_faults: list[Fault]
    sample: Sample
    options: FileOptions = FileOptions()

    def faults(self, mapping: SavedMapping | None, limits: Limits) -> list[Fault]:
        """All faults of the header, and of `mapping` for this file."""
        if self.decompression_faults:
            return self.decompression_faults
        try:
            parse_header(self.head, mapping=mapping, limits=limits, complete=self.complete, options=self.options)
        except Refused as refused:
            return refused.faults
        return []

    def lines(self) -> list[list[str]]:
        """The cells of the header and of up to `SAMPLE_ROWS` complete rows, as in the file."""
        file_format, header = _header(self.head, complete=self.complete)
        if not any(header.cells):
            return []
        names = [cell.decode(errors="replace") for cell in header.cells]
        rows = [file_format.cells(row, names) for row in self._rows(file_format, header)[:SAMPLE_ROWS]]
        columns = clean_names(names) if self.options.clean_headers else names
        return [[cell[:MAX_SAMPLE_CELL] for cell in cells[:MAX_SAMPLE_COLUMNS]] for cells in [columns, *rows]]

    def _rows(self, file_format: TabularFormat, header: HeaderCells) -> Sequence[str]:
        """The complete rows in the head of the file."""
        end = len(self.head) if self.complete else max(self.head.rfind(b"\n") + 1, header.body_start)
        body = self.head[header.body_start : end].decode(errors="replace")
        return file_format.split_rows(body, header.first_line).rows


def inspect(
    parts: Iterable[bytes], limits: Limits, options: FileOptions = FileOptions(), *, partial: bool = False
) -> Inspection:
    """Inspect a file, reading up to `MAX_INSPECTED_BYTES`; a file without a readable header is read no further.

    `partial`: the end of the file is still to come, so its last line is left out."""
    observed = _First(parts)
    reading = _Reading(partial=partial)
    faults: list[Fault] = []
    try:
        pieces = to_utf8(plain(observed, limits=limits), options.encoding)
        for piece in _whole_lines(pieces) if partial else pieces:
            if not reading.add(piece):
                break
    except Refused as refused:
        faults = [] if partial and refused.code == "truncated_file" else refused.faults
    return reading.inspection(compression_of(bytes(observed.first)), faults, limits, options)


class _Reading:
    """What has been read of a file: its head first, then a sample of its rows."""

    def __init__(self, *, partial: bool) -> None:
        self._partial = partial
        self._head = bytearray()
        self._sampler: BlockSampler | None = None
        self._read, self._stopped = 0, False

    def add(self, piece: bytes) -> bool:
        """Whether to read on."""
        self._read += len(piece)
        if self._sampler is not None:
            self._sampler.add(piece)
            self._stopped = self._read >= MAX_INSPECTED_BYTES
        else:
            self._head += piece
            if len(self._head) >= HEAD_BYTES:
                self._sampler = _sampler(bytes(self._head), complete=False)
                self._stopped = self._sampler is None
        return not self._stopped

    def inspection(self, compression: str, faults: list[Fault], limits: Limits, options: FileOptions) -> Inspection:
        short = self._sampler is None and not self._stopped
        complete, whole = short and not self._partial, not (self._stopped or self._partial)
        head = bytes(self._head)
        sampler = _sampler(head, complete=complete) if short else self._sampler
        sample = _sample(head, sampler, limits, complete=complete, whole=whole) if sampler else NO_SAMPLE
        if options.clean_headers:
            sample = sample._replace(names=clean_names(sample.names))
        return Inspection(compression, head, complete, faults, sample, options)


def _sampler(head: bytes, *, complete: bool) -> BlockSampler | None:
    """A sampler that has the rows of a file's head; None when these are not rows of a known format."""
    file_format, header = _header(head, complete=complete)
    if not any(header.cells):
        return None
    sampler = BlockSampler(file_format, row_bytes=header.body_start)
    sampler.add(head[header.body_start :])
    return sampler


def _header(head: bytes, *, complete: bool) -> tuple[TabularFormat, HeaderCells]:
    file_format = tabular_format(detect_format(head))
    start = text_start(head)
    return file_format, file_format.read_header(head, start, max_columns=MAX_SAMPLE_COLUMNS, complete=complete)


def _sample(head: bytes, sampler: BlockSampler, limits: Limits, *, complete: bool, whole: bool) -> Sample:
    """The sample's cells, column by column; rows with faults are left out."""
    file_format, header = _header(head, complete=complete)
    names = [cell.decode(errors="replace") for cell in header.cells]
    blocks = sampler.blocks()
    rows = sampled_rows(blocks, file_format, max_sample_rows(len(names)))
    nested = {at: each for at, each in file_format.nested(rows, names).items() if _is_nested(each)}
    used = [at for at in range(len(names)) if at not in nested]
    cells = file_format.parse_cells(rows, names, used=used, max_cell_bytes=limits.cell_bytes)
    every_row = whole and sampler.complete and len(rows) < max_sample_rows(len(names))
    bare = [name.strip(SPACES) for name in names]
    unreadable = {bare[at]: _holds(each) for at, each in nested.items()}
    return Sample(bare, cells.columns or [[] for _ in names], every_row, unreadable)


def _is_nested(column: Nested) -> bool:
    return column.objects + column.arrays > MAX_NESTED * column.filled


def _holds(column: Nested) -> str:
    """Why a column of objects or arrays cannot be mapped."""
    held = " and ".join(kind for kind, count in (("objects", column.objects), ("arrays", column.arrays)) if count)
    nested = column.objects + column.arrays
    some = f" in {nested:,} of {column.filled:,} rows" if nested < column.filled else ""
    return f"holds {held}{some}: flatten it, or leave it out"


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces up to the last line end; of an extremely long line, all of it."""
    held = b""
    for piece in pieces:
        held += piece
        end = len(held) if len(held) > HEAD_BYTES else held.rfind(b"\n") + 1
        if end:
            yield held[:end]
        held = held[end:]


class _First:
    """Passes a file's bytes through, and keeps the first few."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.first = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.first += part[: max(0, MAGIC_BYTES - len(self.first))]
            yield part
