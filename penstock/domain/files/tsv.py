"""TSV: cells separated by tabs, rows by newlines, nothing quoted or escaped.

Only a newline ends a row; a carriage return directly before it belongs to the line end. Everything else (lone carriage
returns, vertical tabs, form feeds, U+0085, U+2028, quotes) is text. In UTF-8, the newline byte occurs in no other
character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.rejects import Reject, reject_rows
from penstock.domain.files.tabular_format import (
    CELL_TOO_LARGE,
    MAX_HEADER_BYTES,
    WRONG_FIELD_COUNT,
    Cells,
    HeaderCells,
    RawRows,
    RowEnd,
)

_TAB, _NEWLINE, _RETURN = "\t", "\n", "\r"
_TAB_BYTE, _NEWLINE_BYTE, _RETURN_BYTE = b"\t", b"\n", b"\r"
_OTHER_SEPARATORS = (b",", b";", b"|")
_HEADER_LINE = 1


class Tsv:
    """`TabularFormat` for TSV, which has one dialect."""

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        end = head.find(_NEWLINE_BYTE, start, MAX_HEADER_BYTES)
        if end < 0 and not (complete and len(head) <= MAX_HEADER_BYTES):
            return HeaderCells((), 0, len(head), _HEADER_LINE, [_too_long()])
        line = (head[start:end] if end >= 0 else head[start:]).removesuffix(_RETURN_BYTE)
        body_start = end + 1 if end >= 0 else len(head)
        count = line.count(_TAB_BYTE) + 1
        is_csv = count == 1 and any(separator in line for separator in _OTHER_SEPARATORS)
        cells = line.split(_TAB_BYTE, max_columns)[:max_columns]
        return HeaderCells(cells, count, body_start, _HEADER_LINE + 1, [_not_tab_separated()] if is_csv else [])

    def scanner(self) -> NewlineScanner:
        return NewlineScanner()

    def split_rows(self, text: str, first_line: int) -> RawRows:
        rows = text.split(_NEWLINE)
        if not rows[-1]:
            rows.pop()
        if _RETURN in text:
            rows = [row[:-1] if row.endswith(_RETURN) else row for row in rows]
        lines = range(first_line, first_line + len(rows))
        if "" not in rows:
            return RawRows(lines, rows)
        filled = [(line, row) for line, row in zip(lines, rows, strict=True) if row]
        return RawRows([line for line, _ in filled], [row for _, row in filled])

    def parse_cells(self, rows: Sequence[str], header: Sequence[str], *, max_cell_bytes: int) -> Cells:
        width = len(header)
        faulty = _faulty_rows(rows, width, max_cell_bytes)
        if faulty:
            rows = [row for at, row in enumerate(rows) if at not in faulty]
        cells = _TAB.join(rows).split(_TAB) if rows else []
        return Cells([cells[at::width] for at in range(width)], faulty)

    def cells(self, row: str) -> list[str]:
        return row.split(_TAB)

    def write_rejects(self, header: Sequence[str], rejects: Iterable[Reject]) -> Iterator[bytes]:
        return map(write_row, reject_rows(header, rejects, self.cells))


class NewlineScanner:
    """`RowScanner` for formats in which each newline ends a row."""

    def last_end(self, part: bytes, at: int, to: int) -> RowEnd | None:
        newline = part.rfind(_NEWLINE_BYTE, at, to)
        return RowEnd(newline + 1, part.count(_NEWLINE_BYTE, at, newline + 1)) if newline >= 0 else None

    def next_end(self, part: bytes, at: int) -> RowEnd | None:
        newline = part.find(_NEWLINE_BYTE, at)
        return RowEnd(newline + 1, 1) if newline >= 0 else None


TSV = Tsv()


def is_tsv(head: bytes, start: int) -> bool:
    """Whether the first line contains a tab."""
    line, _, _ = head[start:].partition(_NEWLINE_BYTE)
    return _TAB_BYTE in line


def write_row(cells: Sequence[str]) -> bytes:
    """One line; no cell may contain a tab or a newline."""
    return (_TAB.join(cells) + _NEWLINE).encode()


def _faulty_rows(rows: Sequence[str], width: int, max_cell_bytes: int) -> dict[int, str]:
    """Index and reason of each row with a wrong number of fields or a cell over the limit."""
    tabs = [row.count(_TAB) for row in rows]
    faulty = {}
    if set(tabs) - {width - 1}:
        faulty = {at: WRONG_FIELD_COUNT for at, count in enumerate(tabs) if count != width - 1}
    # A character has at most 4 bytes in UTF-8, so most chunks need no look at single rows.
    if 4 * max(map(len, rows), default=0) > max_cell_bytes:
        large = (at for at, row in enumerate(rows) if at not in faulty and _longest_cell(row) > max_cell_bytes)
        faulty |= dict.fromkeys(large, CELL_TOO_LARGE)
    return faulty


def _longest_cell(row: str) -> int:
    """In bytes."""
    return max(len(cell.encode()) for cell in row.split(_TAB))


def _too_long() -> Fault:
    return Fault(
        code="header_too_long",
        message=f"no line ends within the first {MAX_HEADER_BYTES:,} bytes of the file",
        hint="Upload a text file whose lines end with a newline (LF or CR LF), its first line being a shorter header.",
    )


def _not_tab_separated() -> Fault:
    return Fault(
        code="not_tab_separated",
        message="the header has no tab, but other separators: the file looks like a CSV",
        hint="Save or export the file with tabs between its columns.",
    )
