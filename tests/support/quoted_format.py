"""A format of files that exists in tests only: what a CSV needs of `TabularFormat`, written for brevity alone.

Cells are separated by `;` or `|`, which is detected for each file; quotes may hold a separator, a newline and, doubled,
a quote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from penstock.domain.files.formats import RegisteredFormat
from penstock.domain.files.rejects import Reject, reject_rows
from penstock.domain.files.tabular_format import CELL_TOO_LARGE, WRONG_FIELD_COUNT, Cells, HeaderCells, RawRows, RowEnd

NAME = "quoted"


class Quoted:
    def __init__(self, dialect: str) -> None:
        self._separator = dialect

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        end = QuoteScanner().next_end(head, start) or RowEnd(len(head), 0)
        cells = [cell.encode() for cell in self.cells(head[start : end.offset].decode().rstrip("\r\n"))]
        return HeaderCells(cells[:max_columns], len(cells), end.offset, 1 + end.lines)

    def scanner(self) -> QuoteScanner:
        return QuoteScanner()

    def split_rows(self, text: str, first_line: int) -> RawRows:
        lines, rows, scanner, at, line = [], [], QuoteScanner(), 0, first_line
        body = text.encode()
        while at < len(body):
            end = scanner.next_end(body, at) or RowEnd(len(body), 0)
            row = body[at : end.offset].decode().removesuffix("\n").removesuffix("\r")
            if row:
                lines.append(line)
                rows.append(row)
            at, line = end.offset, line + end.lines
        return RawRows(lines, rows)

    def parse_cells(self, rows: Sequence[str], header: Sequence[str], *, max_cell_bytes: int) -> Cells:
        parsed = list(map(self.cells, rows))
        faulty = {at: WRONG_FIELD_COUNT for at, cells in enumerate(parsed) if len(cells) != len(header)}
        for at, cells in enumerate(parsed):
            if at not in faulty and any(len(cell.encode()) > max_cell_bytes for cell in cells):
                faulty[at] = CELL_TOO_LARGE
        good = [cells for at, cells in enumerate(parsed) if at not in faulty]
        return Cells([[cells[place] for cells in good] for place in range(len(header))], faulty)

    def cells(self, row: str) -> list[str]:
        cells, pieces = [""], row.split('"')
        for at, piece in enumerate(pieces):
            if at % 2:
                cells[-1] += piece
            elif not piece and 0 < at < len(pieces) - 1:
                cells[-1] += '"'
            else:
                rest, *more = piece.split(self._separator)
                cells[-1] += rest
                cells += more
        return cells

    def write_rejects(self, header: Sequence[str], rejects: Iterable[Reject]) -> Iterator[bytes]:
        for cells in reject_rows(header, rejects, self.cells):
            yield (self._separator.join(map(self._quoted, cells)) + "\n").encode()

    def _quoted(self, cell: str) -> str:
        doubled = cell.replace('"', '""')
        return f'"{doubled}"' if set(cell) & {'"', "\n", "\r", self._separator} else cell


class QuoteScanner:
    """Whether a quote is open, and how many lines of the row have ended."""

    def __init__(self) -> None:
        self._quoted, self._lines = False, 0

    def last_end(self, part: bytes, at: int, to: int) -> RowEnd | None:
        offset, lines = -1, 0
        while end := self.next_end(part[:to], at):
            at, offset, lines = end.offset, end.offset, lines + end.lines
        return RowEnd(offset, lines) if offset >= 0 else None

    def next_end(self, part: bytes, at: int) -> RowEnd | None:
        for place in range(at, len(part)):
            self._quoted ^= part[place] == ord('"')
            self._lines += part[place] == ord("\n")
            if part[place] == ord("\n") and not self._quoted:
                lines, self._lines = self._lines, 0
                return RowEnd(place + 1, lines)
        return None


def detect(head: bytes, start: int) -> str | None:
    """The separator, which the first line has, and no tab."""
    line = head[start:].partition(b"\n")[0]
    return next((mark for mark in ";|" if mark.encode() in line and b"\t" not in line), None)


REGISTERED = RegisteredFormat(detect, Quoted)
