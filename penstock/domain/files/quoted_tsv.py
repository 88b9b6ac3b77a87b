"""TSV whose cells may be in double quotes, as spreadsheets write it: CSV with a tab as its delimiter.

Quotes are ordinary characters in other TSV, so it is declared, not detected; only its reject files show it, by a quoted
first name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from penstock.domain.errors import Fault
from penstock.domain.files.csv import Csv
from penstock.domain.files.rejects import LINE_COLUMN, Reject, RejectedFile
from penstock.domain.files.tsv import TAB

QUOTED = '"'  # the dialect
MIN_CLOSED = 0.9  # share of the cells with a quote at the start that are quoted; others measure inches

_FIRST_NAME = LINE_COLUMN.encode()
_QUOTED_NAME = b'"' + _FIRST_NAME + b'"'
_CELL = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_OPENED = re.compile(r'(?:^|\t)"[^"]*+(?:""[^"]*+)*+\Z')
_HINT = "If the quotes are no part of the values, add --quoted (over HTTP: quoted)."


class QuotedTsv(Csv):
    """`TabularFormat` for TSV with quotes."""

    def __init__(self) -> None:
        super().__init__(TAB)

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        rows = super().write_rejects(file, rejects)
        return chain([next(rows).replace(_FIRST_NAME, _QUOTED_NAME, 1)], rows)


QUOTED_TSV = QuotedTsv()


def is_quoted_reject_file(head: bytes, start: int) -> bool:
    return head.startswith(_QUOTED_NAME + TAB.encode(), start)


class QuotedColumn(NamedTuple):
    """How many cells of a column are in quotes, of those that are not blank."""

    position: int  # from 0
    quoted: int
    filled: int

    def warning(self, name: str) -> Fault:
        return Fault(
            code="quoted_cells",
            message=f"{self.quoted:,} of {self.filled:,} cells of the column {name!r} are in double quotes, as "
            "spreadsheets write tab-separated text",
            hint=_HINT,
            column=name,
            position=self.position + 1,
        )


def quoted_column(columns: Sequence[Sequence[str]]) -> QuotedColumn | None:
    """The column of a plain TSV with the largest share of cells in quotes; None if quotes are used otherwise."""
    begun = sum(cell.startswith(QUOTED) for cells in columns for cell in cells)
    counts = [sum(_CELL.fullmatch(cell) is not None for cell in cells) for cells in columns]
    if not begun or sum(counts) < MIN_CLOSED * begun:
        return None
    found = [
        QuotedColumn(at, count, sum(map(bool, cells)))
        for at, (count, cells) in enumerate(zip(counts, columns, strict=True))
        if count
    ]
    return max(found, key=lambda each: each.quoted / each.filled)


def opened_cells(lines: Sequence[str]) -> int:
    """How many lines end within a cell that began with a quote."""
    return sum(QUOTED in line and _OPENED.search(line) is not None for line in lines)


def line_breaks(opened: int, misshapen: int, lines: int) -> Fault:
    """The warning about a file with so many cells that hold line breaks, and lines that are no rows without quotes."""
    return Fault(
        code="quoted_cells",
        message=f"{opened:,} cells begin with a double quote that a later line closes, as spreadsheets write line "
        f"breaks: without quotes, {misshapen:,} of {lines:,} lines have a wrong number of fields",
        hint=_HINT,
    )
