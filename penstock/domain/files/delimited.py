"""Rows and cells without quotes: rows are lines, and each delimiter separates two cells.

TSV has nothing else; CSV handles rows without a quote in this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.tabular_format import CELL_TOO_LARGE, MAX_HEADER_BYTES, WRONG_FIELD_COUNT, Cells, RawRows

NEWLINE, RETURN = "\n", "\r"
NEWLINE_BYTE, RETURN_BYTE = b"\n", b"\r"
NUL = "\0"


def header_line(head: bytes, start: int, *, complete: bool) -> tuple[bytes, int] | None:
    """The first line without its line end, and the offset after it; None if no line ends in `MAX_HEADER_BYTES`."""
    end = head.find(NEWLINE_BYTE, start, MAX_HEADER_BYTES)
    if end >= 0:
        return head[start:end].removesuffix(RETURN_BYTE), end + 1
    return (head[start:].removesuffix(RETURN_BYTE), len(head)) if complete and len(head) <= MAX_HEADER_BYTES else None


def last_line_end(rows: bytearray, to: int) -> int:
    return rows.rfind(NEWLINE_BYTE, 0, to) + 1


def first_line_end(rows: bytearray) -> int:
    return rows.find(NEWLINE_BYTE) + 1


def split_lines(text: str, first_line: int) -> RawRows:
    rows = text.split(NEWLINE)
    if not rows[-1]:
        rows.pop()
    return without_blanks(range(first_line, first_line + len(rows)), without_returns(rows, text))


def without_returns(rows: list[str], text: str) -> list[str]:
    """The rows of `text` without the carriage return of their line end."""
    return [row.removesuffix(RETURN) for row in rows] if RETURN in text else rows


def without_blanks(lines: Sequence[int], rows: list[str]) -> RawRows:
    if "" not in rows:
        return RawRows(lines, rows)
    filled = [(line, row) for line, row in zip(lines, rows, strict=True) if row]
    return RawRows([line for line, _ in filled], [row for _, row in filled])


def split_cells(rows: Sequence[str], delimiter: str, width: int, max_cell_bytes: int) -> Cells:
    delimiters = [row.count(delimiter) for row in rows]
    faulty = faulty_rows(rows, delimiters, width - 1, lambda at: rows[at].split(delimiter), max_cell_bytes)
    kept = [row for at, row in enumerate(rows) if at not in faulty] if faulty else rows
    cells = delimiter.join(kept).split(delimiter) if kept else []
    return Cells([cells[at::width] for at in range(width)], faulty)


def faulty_rows(
    rows: Sequence[str],
    counts: Sequence[int],
    expected: int,
    cells_at: Callable[[int], Sequence[str]],
    max_cell_bytes: int,
) -> dict[int, str]:
    """Index and reason of each row with a wrong number of fields or a cell over the limit.

    `counts` are the fields or the delimiters of each row; `cells_at` gives the cells of the row at an index.
    """
    faulty = {}
    if set(counts) - {expected}:
        faulty = {at: WRONG_FIELD_COUNT for at, count in enumerate(counts) if count != expected}
    # A character has at most 4 bytes in UTF-8, so most chunks need no look at single rows.
    if 4 * max(map(len, rows), default=0) > max_cell_bytes:
        large = (at for at in range(len(rows)) if at not in faulty and _is_large(cells_at(at), max_cell_bytes))
        faulty |= dict.fromkeys(large, CELL_TOO_LARGE)
    return faulty


def _is_large(cells: Sequence[str], max_cell_bytes: int) -> bool:
    """Whether a cell is over the limit."""
    return max(len(cell.encode()) for cell in cells) > max_cell_bytes


def header_too_long() -> Fault:
    return Fault(
        code="header_too_long",
        message=f"the header does not end within the first {MAX_HEADER_BYTES:,} bytes of the file",
        hint="Upload a text file whose lines end with a newline (LF or CR LF), its first line being a shorter header.",
    )
