"""Inspection: detects a file's format, and draws a sample of its rows from all of it; stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.uploads.decoded import Decoded
from penstock.domain.errors import Fault, Refused
from penstock.domain.files.clean_names import Renamed, clean_names, renamed_columns
from penstock.domain.files.column_names import SPACES
from penstock.domain.files.compression import MAGIC_BYTES, compression_of, plain
from penstock.domain.files.encodings import not_utf8
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.header import parse_header
from penstock.domain.files.later_headers import later_header, later_keys
from penstock.domain.files.misshapen_rows import are_many, misshapen_rows
from penstock.domain.files.other_formats import is_other_format
from penstock.domain.files.quoted_tsv import line_breaks, opened_cells, quoted_column
from penstock.domain.files.rejects import is_reject_header
from penstock.domain.files.rows import repeated_headers
from penstock.domain.files.sampling import BlockSampler
from penstock.domain.files.tabular_format import (
    INVALID_QUOTES,
    MAX_HEADER_BYTES,
    WRONG_FIELD_COUNT,
    Cells,
    FileFormat,
    FileOptions,
    HeaderCells,
    Nested,
    RawRows,
    TabularFormat,
)
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
MIN_OPENED = 3  # cells whose quote is closed in a later line
MAX_STILL_MISSHAPEN = 0.5  # of the share of such rows, where quotes are read as such
_MISSHAPEN = (WRONG_FIELD_COUNT, INVALID_QUOTES)
NO_SAMPLE = Sample((), (), complete=False)


class _Drawn(NamedTuple):
    """A sample, all rows that were drawn for it, and how many of these have a wrong number of fields or invalid
    quotes."""

    sample: Sample
    rows: Sequence[str]
    misshapen: int

    @property
    def total(self) -> int:
        return len(self.rows)


NOTHING_DRAWN = _Drawn(NO_SAMPLE, (), 0)


class Inspection(NamedTuple):
    """The head of a file and a sample of its rows, drawn from all of it. `complete`: the head is the file.

    `compression`: plain, gzip or zstd; `decompression_faults`: why it cannot be decompressed. `options` were declared;
    `needed_options` are those that the file needs beside, and the head and the sample are read with them.
    """

    compression: str
    head: bytes
    complete: bool
    decompression_faults: list[Fault]
    sample: Sample
    options: FileOptions
    needed_options: FileOptions
    warnings: list[Fault]

    def faults(self, mapping: SavedMapping | None, limits: Limits) -> list[Fault]:
        """All faults of the header, and of `mapping` for this file."""
        if self.decompression_faults:
            return self.decompression_faults
        found: list[Fault] = []
        if self.needed_options.encoding not in (None, self.options.encoding):
            found += not_utf8(self.needed_options.encoding).faults
        if self.needed_options.clean_headers and not self.options.clean_headers:
            found += self._header_faults(None, limits, replace(self.needed_options, clean_headers=False))
        return found + self._header_faults(mapping, limits, self.needed_options)

    def fits(self, limits: Limits) -> bool:
        """Whether the file can be ingested with the options that it needs and some mapping."""
        return not (self.decompression_faults or self._header_faults(None, limits, self.needed_options))

    def _header_faults(self, mapping: SavedMapping | None, limits: Limits, options: FileOptions) -> list[Fault]:
        return _header_faults(self.head, mapping, limits, options, complete=self.complete)

    def first_lines(self) -> tuple[list[str], list[tuple[int, Sequence[str]]]]:
        """The names of the columns as they are in the file, and up to `SAMPLE_ROWS` complete rows: line and cells."""
        table = _table(self.head, self.needed_options, complete=self.complete)
        if table is None:
            return [], []
        file_format, header = table
        names = _names(header)
        first = islice(zip(*self._rows(file_format, header), strict=True), SAMPLE_ROWS)
        return names, [(line, file_format.cells(row, names)) for line, row in first]

    def lines(self) -> list[list[str]]:
        """The names of the columns and the cells of the first rows, cut to what a person can read."""
        names, rows = self.first_lines()
        if not names:
            return []
        columns = self.sample.names if self.needed_options.clean_headers else names
        return [
            [cell[:MAX_SAMPLE_CELL] for cell in cells[:MAX_SAMPLE_COLUMNS]]
            for cells in [columns, *(cells for _, cells in rows)]
        ]

    def renamed(self) -> dict[str, Renamed]:
        """The columns whose names were cleaned, by their new names."""
        table = _table(self.head, self.needed_options, complete=self.complete)
        names = _names(table[1]) if table else []
        return {} if not self.needed_options.clean_headers or is_reject_header(names) else renamed_columns(names)

    def _rows(self, file_format: TabularFormat, header: HeaderCells) -> RawRows:
        """The complete rows in the head of the file."""
        end = len(self.head) if self.complete else max(self.head.rfind(b"\n") + 1, header.body_start)
        body = self.head[header.body_start : end].decode(errors="replace")
        return file_format.split_rows(body, header.first_line)


def inspect(
    parts: Iterable[bytes], limits: Limits, options: FileOptions = FileOptions(), *, partial: bool = False
) -> Inspection:
    """Inspect a file, reading up to `MAX_INSPECTED_BYTES`; a file without a readable header is read no further.

    `partial`: the end of the file is still to come, so its last line is left out."""
    observed = _First(parts)
    pieces = Decoded(plain(observed, limits=limits), options, partial=partial)
    reading = _Reading(options, partial=partial)
    faults: list[Fault] = []
    try:
        for piece in _whole_lines(pieces) if partial else pieces:
            if not reading.add(piece):
                break
    except Refused as refused:
        faults = [] if partial and refused.code == "truncated_file" else refused.faults
    compression = compression_of(bytes(observed.first))
    return reading.inspection(compression, faults, limits, pieces.options)


class _Reading:
    """The part of a file that has been read: its head, then a sample of its rows."""

    def __init__(self, options: FileOptions, *, partial: bool) -> None:
        self._options, self._partial = options, partial
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
                self._sampler = _sampler(bytes(self._head), self._options, complete=False)
                self._stopped = self._sampler is None
        return not self._stopped

    def inspection(self, compression: str, faults: list[Fault], limits: Limits, needed: FileOptions) -> Inspection:
        short = self._sampler is None and not self._stopped
        complete, whole = short and not self._partial, not (self._stopped or self._partial)
        head = bytes(self._head)
        sampler = _sampler(head, self._options, complete=complete) if short else self._sampler

        @cache
        def drawn_with(options: FileOptions) -> _Drawn:
            return _drawn(head, sampler, limits, options, complete=complete, whole=whole) if sampler else NOTHING_DRAWN

        drawn, warnings = drawn_with(needed), []
        if detect_format(head, quoted=bool(needed.quoted)) == FileFormat():
            warnings = _about_quotes(drawn, lambda: drawn_with(needed.declared(quoted=True)))
        if warnings:
            needed = needed.declared(quoted=True)
            drawn = drawn_with(needed)
        sample = drawn.sample
        if are_many(drawn.misshapen, drawn.total):
            warnings.append(misshapen_rows(drawn.misshapen, drawn.total))
        needed = _needed_options(head, limits, needed, complete=complete)
        if needed.clean_headers and sampler:
            sample = _with_clean_names(sample, _names(_header(head, needed, complete=complete)[1]))
        if sample.unknown:
            warnings.append(later_keys(sample.unknown))
        found = Inspection(compression, head, complete, faults, sample, self._options, needed, warnings)
        below = later_header(*found.first_lines()) if sampler else None
        return found._replace(warnings=[below, *warnings]) if below else found


def _about_quotes(drawn: _Drawn, with_quotes: Callable[[], _Drawn]) -> list[Fault]:
    """The warning about a TSV whose cells are in quotes, some of which may hold line breaks."""
    if found := quoted_column(drawn.sample.columns):
        return [found.warning(drawn.sample.names[found.position])]
    if not drawn.misshapen or (opened := opened_cells(drawn.rows)) < MIN_OPENED:
        return []
    other = with_quotes()
    better = other.misshapen * drawn.total <= drawn.misshapen * other.total * MAX_STILL_MISSHAPEN
    return [line_breaks(opened, drawn.misshapen, drawn.total)] if better else []


def _needed_options(head: bytes, limits: Limits, options: FileOptions, *, complete: bool) -> FileOptions:
    """The options, and cleaned names if the header has faults and these fix them all."""
    cleaned = options.declared(clean_headers=True)
    if not _header_faults(head, None, limits, options, complete=complete):
        return options
    return options if _header_faults(head, None, limits, cleaned, complete=complete) else cleaned


def _header_faults(
    head: bytes, mapping: SavedMapping | None, limits: Limits, options: FileOptions, *, complete: bool
) -> list[Fault]:
    try:
        parse_header(head, mapping=mapping, limits=limits, complete=complete, options=options)
    except Refused as refused:
        return refused.faults
    return []


def _with_clean_names(sample: Sample, names_in_file: Sequence[str]) -> Sample:
    names = clean_names(names_in_file, corrected=is_reject_header(names_in_file))
    new = dict(zip(sample.names, names, strict=True))
    return sample._replace(names=names, unreadable={new[name]: reason for name, reason in sample.unreadable.items()})


def _sampler(head: bytes, options: FileOptions, *, complete: bool) -> BlockSampler | None:
    """A sampler that has the rows of a file's head; None when these are not rows of a known format."""
    table = _table(head, options, complete=complete)
    if table is None:
        return None
    file_format, header = table
    sampler = BlockSampler(file_format, row_bytes=header.body_start)
    sampler.add(head[header.body_start :])
    return sampler


def _table(head: bytes, options: FileOptions, *, complete: bool) -> tuple[TabularFormat, HeaderCells] | None:
    """The format and the header of a file; None for another kind of file, and without a name in the header."""
    if is_other_format(head):
        return None
    file_format, header = _header(head, options, complete=complete)
    return (file_format, header) if any(header.cells) else None


def _header(head: bytes, options: FileOptions, *, complete: bool) -> tuple[TabularFormat, HeaderCells]:
    file_format = tabular_format(detect_format(head, quoted=bool(options.quoted)))
    start = text_start(head)
    return file_format, file_format.read_header(head, start, max_columns=MAX_SAMPLE_COLUMNS, complete=complete)


def _names(header: HeaderCells) -> list[str]:
    return [cell.decode(errors="replace") for cell in header.cells]


def _drawn(
    head: bytes, sampler: BlockSampler, limits: Limits, options: FileOptions, *, complete: bool, whole: bool
) -> _Drawn:
    """The sample's cells, column by column; rows with faults, and those that repeat the header, are left out."""
    file_format, header = _header(head, options, complete=complete)
    names = _names(header)
    rows = sampler.rows(file_format, max_sample_rows(len(names)))
    nested = {at: each for at, each in file_format.nested(rows, names).items() if _is_nested(each)}
    used = [at for at in range(len(names)) if at not in nested]

    def parse(rows: Sequence[str]) -> Cells:
        return file_format.parse_cells(rows, names, used=used, max_cell_bytes=limits.cell_bytes)

    columns, faulty = parse(rows)
    if used and columns and names[used[0]] in columns[used[0]]:  # rarely: looking at each row takes long
        repeated = frozenset(repeated_headers(rows, file_format, names, range(len(rows))))
        columns, _ = parse([row for at, row in enumerate(rows) if at not in repeated])
    every_row = whole and sampler.complete and len(rows) < max_sample_rows(len(names))
    bare = [name.strip(SPACES) for name in names]
    unreadable = {bare[at]: _holds(each) for at, each in nested.items()}
    unknown = file_format.unknown_columns(rows, names)
    sample = Sample(bare, columns or [[] for _ in names], every_row, unreadable, unknown)
    return _Drawn(sample, rows, sum(reason in _MISSHAPEN for reason in faulty.values()))


def _is_nested(column: Nested) -> bool:
    return column.objects + column.arrays > MAX_NESTED * column.filled


def _holds(column: Nested) -> str:
    """Why a column of objects or arrays cannot be mapped."""
    held = " and ".join(kind for kind, count in (("objects", column.objects), ("arrays", column.arrays)) if count)
    nested = column.objects + column.arrays
    some = f" in {nested:,} of {column.filled:,} rows" if nested < column.filled else ""
    return f"holds {held}{some}: write one value of it into a key of its own, or leave it out"


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
