"""Corrected files: finds the line of the root that each row of a child corrects.

The root is the request whose reject file was corrected. The column `penstock_line` says which of its lines a row
corrects, if that line was rejected or lost cells; any other row is a new one. Without the column, or with `?` in it,
nobody knows the line: the row is a new one, and is counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from penstock.domain.files.line_set import LineSet, Runs, runs_of
from penstock.domain.files.rejects import LINE_COLUMN, UNKNOWN_LINE
from penstock.domain.files.rows import Table

_LINE = re.compile(r"\s*([1-9][0-9]{0,14})(?:\.0+)?\s*")  # some programs write every number with a decimal point


class ChunkLines(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines of one chunk. `rejected` and `dropped` (ingested without some cells) are those of its own file.

    Of a child: `corrected` are the rejected lines of its root that ingested rows correct. Of the lines that lost cells,
    `completed` are corrected by rows that lost none, and `dropped_again` by rows that lost some themselves.
    `unnumbered` is the number of ingested rows that may correct an unknown line.
    """

    rejected: Runs = ()
    dropped: Runs = ()
    corrected: Runs = ()
    completed: Runs = ()
    dropped_again: Runs = ()
    unnumbered: int = 0


class CorrectedRows(NamedTuple):
    """The rows of a chunk by their own lines: the line of the root that each corrects, and those that correct an
    unknown one."""

    root_lines: Mapping[int, int]
    unnumbered: Collection[int]

    def chunk_lines(self, ingested: Iterable[int], dropped: Collection[int], root: RootLines) -> ChunkLines:
        """The lines of the root that the `ingested` rows, given by their own lines, correct; `dropped` are those that
        lost cells."""
        lines = list(ingested)
        numbered = [(line, self.root_lines[line]) for line in lines if line in self.root_lines]
        refilled = [(line in dropped, number) for line, number in numbered if number in root.dropped]
        return ChunkLines(
            corrected=runs_of(number for _, number in numbered if number in root.rejected),
            completed=runs_of(number for again, number in refilled if not again),
            unnumbered=sum(line in self.unnumbered for line in lines),
            dropped_again=runs_of(number for again, number in refilled if again),
        )


class RootLines(NamedTuple):
    """The lines of a root that its children may correct."""

    rejected: LineSet
    dropped: LineSet

    def corrected(self, table: Table, header: tuple[str, ...]) -> CorrectedRows:
        """The corrections by the rows of a child's chunk. `header` names the columns of `table`."""
        if LINE_COLUMN not in header:
            return CorrectedRows({}, range(min(table.lines, default=0), max(table.lines, default=0) + 1))
        cells = table.columns[header.index(LINE_COLUMN)]
        numbers = ((line, self._number(cell)) for line, cell in zip(table.lines, cells, strict=True))
        unnumbered = [line for line, cell in zip(table.lines, cells, strict=True) if cell.strip() == UNKNOWN_LINE]
        return CorrectedRows({line: number for line, number in numbers if number is not None}, frozenset(unnumbered))

    def _number(self, cell: str) -> int | None:
        number = line_number(cell)
        return number if number is not None and (number in self.rejected or number in self.dropped) else None


def line_number(cell: str) -> int | None:
    """The line that a cell of `penstock_line` names, None if it names none."""
    match = _LINE.fullmatch(cell)
    return int(match[1]) if match else None


def in_root_order(table: Table, root_lines: Mapping[int, int]) -> Table:
    """The rows in the order in which they count: as the lines that they correct, then the new ones."""
    order = sorted(range(len(table.lines)), key=lambda at: _place(table.lines[at], root_lines))
    return Table(
        [table.lines[at] for at in order],
        [table.raw[at] for at in order],
        [[column[at] for at in order] for column in table.columns],
    )


def _place(line: int, root_lines: Mapping[int, int]) -> tuple[bool, int, int]:
    root_line = root_lines.get(line)
    return root_line is None, root_line or 0, line
