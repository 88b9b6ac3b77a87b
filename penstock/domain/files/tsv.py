"""TSV: cells separated by tabs, rows by newlines, nothing quoted or escaped.

Only a newline ends a row; a carriage return directly before it belongs to the line end. Everything else (lone carriage
returns, vertical tabs, form feeds, U+0085, U+2028, quotes) is text. In UTF-8, the newline byte occurs in no other
character.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from penstock.domain.files import delimited
from penstock.domain.files.rejects import Reject, RejectedFile, reject_rows
from penstock.domain.files.tabular_format import Cells, HeaderCells, Nested, RawRows

TAB = "\t"
_TAB_BYTE = b"\t"
_HEADER_LINE = 1
_QUOTED_CELL = re.compile(rb'(?:^|(?<=[,;|]))"[^"]*"(?=[,;|\r]|$)')


class Tsv:
    """`TabularFormat` for TSV, which has one dialect."""

    looks_ahead = False
    names_every_row = False

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        found = delimited.header_line(head, start, complete=complete)
        if found is None:
            return HeaderCells((), 0, len(head), _HEADER_LINE, [delimited.header_too_long()])
        line, body_start = found
        cells = line.split(_TAB_BYTE, max_columns)[:max_columns]
        return HeaderCells(cells, line.count(_TAB_BYTE) + 1, body_start, _HEADER_LINE + 1)

    def last_row_end(self, rows: bytearray, to: int, *, max_row_bytes: int) -> int:  # noqa: ARG002
        return delimited.last_line_end(rows, to)

    def first_row_end(self, rows: bytearray, *, max_row_bytes: int) -> int:  # noqa: ARG002
        return delimited.first_line_end(rows)

    def has_nul(self, text: str) -> bool:
        return delimited.NUL in text

    def split_rows(self, text: str, first_line: int) -> RawRows:
        return delimited.split_lines(text, first_line)

    def parse_cells(
        self,
        rows: Sequence[str],
        header: Sequence[str],
        *,
        used: Collection[int],  # noqa: ARG002
        max_cell_bytes: int,
    ) -> Cells:
        return delimited.split_cells(rows, TAB, len(header), max_cell_bytes)

    def unknown_columns(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[str, int]:  # noqa: ARG002
        return {}

    def nested(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[int, Nested]:  # noqa: ARG002
        return {}

    def cells(self, row: str, header: Sequence[str]) -> list[str]:  # noqa: ARG002
        return row.split(TAB)

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        return map(write_row, reject_rows(file, rejects, lambda row: self.cells(row, file.names_in_file)))


TSV = Tsv()


def is_tsv(head: bytes, start: int) -> bool:
    """Whether the first line contains a tab outside the quotes of a CSV."""
    line, _, _ = head[start:].partition(delimited.NEWLINE_BYTE)
    return _TAB_BYTE in _QUOTED_CELL.sub(b"", line)


def write_row(cells: Sequence[str]) -> bytes:
    """One line; no cell may contain a tab or a newline."""
    return (TAB.join(cells) + delimited.NEWLINE).encode()
