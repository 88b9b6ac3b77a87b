"""CSV (RFC 4180): cells separated by commas, semicolons or bars, with quotes around some of them.

A quoted cell may hold delimiters, line breaks and, doubled, quotes. In a cell that does not begin with a quote, quotes
are text. Only a newline ends a row, as in TSV. `quoted_rows.py` says which rows are invalid.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, repeat
from operator import add

from penstock.domain.errors import Fault
from penstock.domain.files import delimited
from penstock.domain.files.delimited import NEWLINE, NEWLINE_BYTE, NUL, RETURN, RETURN_BYTE
from penstock.domain.files.quoted_rows import QuotedRows
from penstock.domain.files.rejects import Reject, RejectedFile, reject_rows
from penstock.domain.files.tabular_format import (
    INVALID_QUOTES,
    MAX_HEADER_BYTES,
    Cells,
    HeaderCells,
    Nested,
    RawRows,
)

_QUOTE = '"'
_DELIMITERS = (",", ";", "|")  # of two that fit equally well, the first
_BYTES = "latin-1"  # one character per byte, so that any bytes can be split as text
_SAMPLE_BYTES = 64 * 1024  # that decide on the delimiter
_HEADER_LINE = 1
_MAX_CELL = 1 << 30  # characters; `parse_cells` has the limit of cells, the standard library's is one of the process

csv.field_size_limit(_MAX_CELL)


class Csv:
    """`TabularFormat` for CSV; its dialect is the delimiter."""

    looks_ahead = True
    names_every_row = False

    def __init__(self, dialect: str) -> None:
        self._delimiter = dialect
        self._rows, self._byte_rows = QuotedRows(dialect), QuotedRows(dialect.encode())
        self._must_quote = re.compile(rf'[{re.escape(dialect)}"\r\n]')

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        first = self._byte_rows.stretch(head, start, len(head))
        end = first.end if first.is_row else head.find(NEWLINE_BYTE, start) + 1 or len(head)
        if end > MAX_HEADER_BYTES or (head[end - 1 : end] != NEWLINE_BYTE and not complete):
            return HeaderCells((), 0, len(head), _HEADER_LINE, [delimited.header_too_long()])
        row = head[start:end].removesuffix(NEWLINE_BYTE).removesuffix(RETURN_BYTE)
        cells = [cell.encode(_BYTES) for cell in self._split(row.decode(_BYTES))]
        faults = () if first.is_row else [_invalid_quotes()]
        lines = head.count(NEWLINE_BYTE, start, end)
        return HeaderCells(cells[:max_columns], len(cells), end, _HEADER_LINE + lines, faults)

    def last_row_end(self, rows: bytearray, to: int, *, max_row_bytes: int) -> int:
        end = 0
        while (quoted := self._byte_rows.first_quoted_row(rows, end, to)) >= 0:
            end, is_row = self._byte_rows.stretch(rows, quoted, max_row_bytes)
            if end > to:
                return quoted if is_row else rows.rfind(NEWLINE_BYTE, quoted, to) + 1 or quoted
        return max(end, delimited.last_line_end(rows, to))

    def first_row_end(self, rows: bytearray, *, max_row_bytes: int) -> int:
        end, is_row = self._byte_rows.stretch(rows, 0, max_row_bytes)
        return end if is_row else delimited.first_line_end(rows)

    def has_nul(self, text: str) -> bool:
        return NUL in text

    def split_rows(self, text: str, first_line: int) -> RawRows:
        if _QUOTE not in text:
            return delimited.split_lines(text, first_line)
        rows = self._raw_rows(text)
        lines: Sequence[int] = range(first_line, first_line + len(rows))
        breaks = list(map(str.count, rows, repeat(NEWLINE)))
        if any(breaks):
            lines = list(map(add, lines, accumulate(breaks, initial=0)))
        return delimited.without_blanks(lines, delimited.without_returns(rows, text))

    def parse_cells(
        self,
        rows: Sequence[str],
        header: Sequence[str],
        *,
        used: Collection[int],  # noqa: ARG002
        max_cell_bytes: int,
    ) -> Cells:
        quoted = [at for at, row in enumerate(rows) if _QUOTE in row]
        if not quoted:
            return delimited.split_cells(rows, self._delimiter, len(header), max_cell_bytes)
        records: list[list[str]] = [[]] * len(rows)
        if len(quoted) < len(rows):
            records = list(map(str.split, rows, repeat(self._delimiter)))
        invalid = self._unquote(rows, quoted, records)
        widths = list(map(len, records))
        faulty = delimited.faulty_rows(rows, widths, len(header), records.__getitem__, max_cell_bytes)
        faulty |= dict.fromkeys(invalid, INVALID_QUOTES)
        if faulty:
            records = [record for at, record in enumerate(records) if at not in faulty]
        return Cells(list(zip(*records, strict=True)) or [()] * len(header), faulty)

    def unknown_columns(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[str, int]:  # noqa: ARG002
        return {}

    def nested(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[int, Nested]:  # noqa: ARG002
        return {}

    def cells(self, row: str, header: Sequence[str]) -> list[str]:  # noqa: ARG002
        return self._split(row)

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        for cells in reject_rows(file, rejects, lambda row: self.cells(row, file.names_in_file)):
            yield (self._delimiter.join(map(self._quoted, cells)) + NEWLINE).encode()

    def _raw_rows(self, text: str) -> list[str]:
        """The rows of `text` without their newlines, blank lines included."""
        rows: list[str] = []
        start = 0
        while (quoted := self._rows.first_quoted_row(text, start, len(text))) >= 0:
            if quoted > start:
                rows += text[start : quoted - 1].split(NEWLINE)
            start, is_row = self._rows.stretch(text, quoted, len(text))
            found = text[quoted:start].removesuffix(NEWLINE)
            rows += [found] if is_row else found.split(NEWLINE)
        return rows + text[start:].removesuffix(NEWLINE).split(NEWLINE) if start < len(text) else rows

    def _unquote(self, rows: Sequence[str], quoted: Sequence[int], records: list[list[str]]) -> list[int]:
        """Replace the records of rows with a quote by their cells; returns the invalid ones."""
        texts = [rows[at] for at in quoted]
        if not any(map(str.endswith, texts, repeat(RETURN))):  # which the reader would take for a line end
            try:
                for at, record in zip(quoted, csv.reader(texts, delimiter=self._delimiter, strict=True), strict=True):
                    records[at] = record
            except (csv.Error, ValueError):  # the latter: an open quote that closes in a later row
                pass
            else:
                return []
        for at, text in zip(quoted, texts, strict=True):
            records[at] = self._split(text)
        return [at for at, text in zip(quoted, texts, strict=True) if not self._rows.is_valid(text)]

    def _split(self, row: str) -> list[str]:
        """The cells of a row with quotes; of an invalid one, in which all quotes are text."""
        if not self._rows.is_valid(row):
            return row.split(self._delimiter)
        cells, at = [], 0
        while at <= len(row):
            end = self._cell_end(row, at)
            cell = row[at:end]
            cells.append(cell[1:-1].replace('""', _QUOTE) if cell.startswith(_QUOTE) else cell)
            at = end + 1
        return cells

    def _cell_end(self, row: str, at: int) -> int:
        end = at
        if row.startswith(_QUOTE, at):
            end = row.index(_QUOTE, at + 1)
            while row.startswith(_QUOTE, end + 1):
                end = row.index(_QUOTE, end + 2)
        delimiter = row.find(self._delimiter, end)
        return delimiter if delimiter >= 0 else len(row)

    def _quoted(self, cell: str) -> str:
        doubled = cell.replace(_QUOTE, '""')
        return f'"{doubled}"' if self._must_quote.search(cell) else cell


CSV = {delimiter: Csv(delimiter) for delimiter in _DELIMITERS}


def detect_delimiter(head: bytes, start: int) -> str | None:
    """The delimiter that divides the header, and the most of the first rows in as many cells; None if there is none.

    A delimiter that occurs in the header alone is a part of a name.
    """
    sample = head[start : start + _SAMPLE_BYTES]
    best: tuple[tuple[int, int], str] | None = None
    for delimiter in _DELIMITERS:
        fit = _fit(sample, delimiter)
        if fit is not None and (best is None or fit > best[0]):
            best = fit, delimiter
    return best and best[1]


def _fit(sample: bytes, delimiter: str) -> tuple[int, int] | None:
    """The number of rows with as many cells as the header, and this number of cells."""
    file_format = CSV[delimiter]
    whole = sample[: sample.rfind(NEWLINE_BYTE) + 1] or sample
    header, *rows = file_format.split_rows(whole.decode(_BYTES), 1).rows or [""]
    width = len(file_format.cells(header, ()))
    widths = [len(file_format.cells(row, ())) for row in rows]
    if width < 2 or (widths and max(widths) < 2):
        return None
    return widths.count(width), width


def _invalid_quotes() -> Fault:
    return Fault(
        code="invalid_quotes",
        message="the header has a quoted name whose closing quote is missing or followed by other text",
        hint="Close the quote, or write a quote within a quoted name twice.",
    )
