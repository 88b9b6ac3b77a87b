"""The seam between Penstock and the formats that files of rows have; TSV (`tsv.py`) is the first.

A format knows bytes: where a row ends, what its cells are, how both are written. All else is common to the formats and
stays outside: the byte-order mark, UTF-8 and NULs, the rules for column names, the mapping, the bounds of a refusal.
`formats.py` lists the formats; a request's is detected once and frozen into its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files.rejects import Reject

MAX_HEADER_BYTES = 1 << 20

# Why a format rejects a row; one may have others besides.
WRONG_FIELD_COUNT = "wrong_field_count"
CELL_TOO_LARGE = "cell_too_large"


class FileFormat(msgspec.Struct, frozen=True):
    """Which format a file has: a name that `formats.py` lists, and what else was detected of this file.

    `dialect` is in the format's own notation (a delimiter and a quote, say), empty where there is nothing to say.
    """

    name: str = "tsv"
    dialect: str = ""


class HeaderCells(NamedTuple):
    """The names of a file's columns as they stand in it, at most as many as were asked for; `total` counts them all.

    `body_start` is the offset of the first row, `first_line` its line number. `faults` say why this is no header of the
    format; then the cells may still be shown, and the rest means nothing.
    """

    cells: Sequence[bytes]
    total: int
    body_start: int
    first_line: int
    faults: Sequence[Fault] = ()


class RawRows(NamedTuple):
    """Rows without their line ends, each with the number of its first line."""

    lines: Sequence[int]
    rows: Sequence[str]


class Cells(NamedTuple):
    """The cells of the rows without fault, column by column, and the reason of each faulty row by its index."""

    columns: Sequence[Sequence[str]]
    faulty: dict[int, str]


class RowEnd(NamedTuple):
    """`offset` is just after a row's line end; `lines` is how many lines ended since the row end found before."""

    offset: int
    lines: int


class RowScanner(Protocol):
    """Finds where rows end. It passes over a file's body once, in order, and keeps what it must know from one call to
    the next: whether a quote is open, and the lines of a row that has begun. It keeps no bytes."""

    def last_end(self, part: bytes, at: int, to: int) -> RowEnd | None:
        """The last row end within part[at:to], all of which is then passed."""
        ...

    def next_end(self, part: bytes, at: int) -> RowEnd | None:
        """The first row end from `at` on, up to which `part` is then passed; without one, all of it is."""
        ...


class TabularFormat(Protocol):
    """One format of files of rows, with the dialect of one file. It has no state besides, and never raises for what is
    in a file: every byte of a body belongs to some row, and what is wrong with that row is a reason.

    Where a row ends follows from ASCII characters alone, so that rows are found in bytes that are no UTF-8 too. All
    methods must agree on it: a chunk begins and ends where `scanner` says, and `split_rows` finds its rows.

    `split_rows` and `parse_cells` see every row of every file. They work on a whole chunk at a time, and may not run
    Python code for each cell, nor for each row unless something in the chunk asks for it. `scanner` sees every byte
    too. The others see a header, a few rows or rejected rows; they only have to be right.
    """

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        """The columns of the file whose first bytes are `head`, or all of them (`complete`); text begins at `start`.

        A format without a header line takes the columns from its first rows, and says that the body starts there.
        What needs more than `MAX_HEADER_BYTES` is a fault.
        """
        ...

    def scanner(self) -> RowScanner:
        """For one pass over one file's body."""
        ...

    def split_rows(self, text: str, first_line: int) -> RawRows:
        """The rows of `text`, which is whole rows. Blank lines are no rows, but count as lines."""
        ...

    def parse_cells(self, rows: Sequence[str], header: Sequence[str], *, max_cell_bytes: int) -> Cells:
        """The cells of rows as `split_rows` gives them; each column has a cell of every row that is not faulty.

        `header` names the columns. A row that has not one cell for each is faulty (`WRONG_FIELD_COUNT`), and so is one
        with a cell of more bytes in UTF-8 than allowed (`CELL_TOO_LARGE`). Cells are unescaped, nothing else.
        """
        ...

    def cells(self, row: str) -> Sequence[str]:
        """The cells of one row as they stand, were they too few or too many."""
        ...

    def write_rejects(self, header: Sequence[str], rejects: Iterable[Reject]) -> Iterator[bytes]:
        """A reject file, as `rejects.py` says it: its header, then a part for each row.

        The format detects it as a file of its own, so that it can be corrected and uploaded as it is.
        """
        ...
