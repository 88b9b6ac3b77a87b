"""Rows: turns a chunk's bytes into columns of cells, with a reject for each unreadable row.

The format defines rows and cells; in every format, a row must be UTF-8 without NULs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from penstock.domain.files.rejects import Reject
from penstock.domain.files.tabular_format import RawRows, TabularFormat

REPEATED_HEADER = "repeated_header"
TOTAL_LINE = "total_line"
NO_ROWS_OF_DATA = (REPEATED_HEADER, TOTAL_LINE)  # reasons for rows that nobody has to correct
NOT_UTF8, CONTAINS_NUL = "not_utf8", "contains_nul"
SET_ASIDE = "processing_failed"  # the reason code for the rows of a chunk that could not be processed

T = TypeVar("T")

_BYTES = "latin-1"  # one character per byte, so that any bytes can be split as text


class Table(NamedTuple):
    """Readable rows, column by column. `lines` are their line numbers in the file, `raw` their text without line
    ends."""

    lines: Sequence[int]
    raw: Sequence[str]
    columns: Sequence[Sequence[str]]


class Parsed(NamedTuple):
    table: Table
    rejects: list[Reject]


def parse(
    body: bytes,
    file_format: TabularFormat,
    *,
    first_line: int,
    header: Sequence[str],
    used: Collection[int],
    max_cell_bytes: int,
) -> Parsed:
    """The rows of `body`, which consists of whole rows. `header` names the columns that each row must have; cells of
    columns that are not `used` (by index) may be wrong."""
    text = _decoded(body)
    if text is None or file_format.has_nul(text):
        (lines, raw), rejects = _readable_rows(body, file_format, first_line)
    else:
        (lines, raw), rejects = file_format.split_rows(text, first_line), []
    columns, faulty = file_format.parse_cells(raw, header, used=used, max_cell_bytes=max_cell_bytes)
    if faulty:
        rejects += [Reject(line=lines[at], reasons=(reason,), row=raw[at].encode()) for at, reason in faulty.items()]
        kept = [at for at in range(len(raw)) if at not in faulty]
        lines, raw = [lines[at] for at in kept], [raw[at] for at in kept]
    table = Table(lines, raw, columns)
    repeated = _repeated_headers(table, file_format, header, used)
    if repeated:
        rejects += [Reject(line=lines[at], reasons=(REPEATED_HEADER,), row=raw[at].encode()) for at in repeated]
        table = _without(table, frozenset(repeated))
    return Parsed(table, rejects)


def _repeated_headers(
    table: Table, file_format: TabularFormat, header: Sequence[str], used: Collection[int]
) -> list[int]:
    """The rows that are the header once more, since files were joined."""
    first = min(used, default=None)
    if first is None or header[first] not in table.columns[first]:  # nearly always, and fast
        return []
    likely = [at for at, cell in enumerate(table.columns[first]) if cell == header[first]]
    return repeated_headers(table.raw, file_format, header, likely)


def repeated_headers(
    rows: Sequence[str], file_format: TabularFormat, header: Sequence[str], places: Iterable[int]
) -> list[int]:
    """Those of the rows at these `places` whose cells are the names of the columns."""
    shortest = sum(map(len, header))  # no row is shorter; to look at short ones too could take longer than to parse all
    return [
        at for at in places if len(rows[at]) >= shortest and list(file_format.cells(rows[at], header)) == list(header)
    ]


def _without(table: Table, left_out: Collection[int]) -> Table:
    def rest(values: Sequence[T]) -> list[T]:
        return [value for at, value in enumerate(values) if at not in left_out]

    return Table(rest(table.lines), rest(table.raw), [rest(column) for column in table.columns])


def raw_rows(body: bytes, file_format: TabularFormat, *, first_line: int) -> Iterator[tuple[int, bytes]]:
    """The line number and the original bytes of each row of `body`, without its line end; rows may be unreadable."""
    lines, rows = file_format.split_rows(body.decode(_BYTES), first_line)
    return zip(lines, (row.encode(_BYTES) for row in rows), strict=True)


def _decoded(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _readable_rows(body: bytes, file_format: TabularFormat, first_line: int) -> tuple[RawRows, list[Reject]]:
    """The slow path, row by row, for a chunk with a NUL or with bytes that are not UTF-8."""
    lines: list[int] = []
    raw: list[str] = []
    rejects: list[Reject] = []
    for line, row in raw_rows(body, file_format, first_line=first_line):
        text = _decoded(row)
        if text is None or file_format.has_nul(text):
            reason = NOT_UTF8 if text is None else CONTAINS_NUL
            rejects.append(Reject(line=line, reasons=(reason,), row=row))
        else:
            lines.append(line)
            raw.append(text)
    return RawRows(lines, raw), rejects
