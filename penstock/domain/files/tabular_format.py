"""The interface of a file format; TSV (`tsv.py`) is its first implementation.

A format knows bytes: where a row ends, which cells it has, how both are written. Everything else is the same for all
formats and stays outside: the byte-order mark, UTF-8 and NULs, the rules for column names, the mapping, the limits on
faults. `formats.py` lists the formats; a request's format is detected once and frozen into its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files.rejects import Reject

MAX_HEADER_BYTES = 1 << 20

# Reason codes for rejected rows; a format may add its own.
WRONG_FIELD_COUNT = "wrong_field_count"
CELL_TOO_LARGE = "cell_too_large"


class FileFormat(msgspec.Struct, frozen=True):
    """The format of a file: a name listed in `formats.py`, and the dialect of this file.

    `dialect` is in the format's own notation (such as a delimiter and a quote), or empty.
    """

    name: str = "tsv"
    dialect: str = ""


class HeaderCells(NamedTuple):
    """The column names exactly as in the file, up to the requested number; `total` counts all of them.

    `body_start` is the offset of the first row, `first_line` its line number. With `faults`, this is not a header of
    the format: the cells may still be displayed, the other fields mean nothing.
    """

    cells: Sequence[bytes]
    total: int
    body_start: int
    first_line: int
    faults: Sequence[Fault] = ()


class RawRows(NamedTuple):
    """Rows without their line ends, and the number of each row's first line."""

    lines: Sequence[int]
    rows: Sequence[str]


class Cells(NamedTuple):
    """The cells of the valid rows, column by column, and the reason for each faulty row by its index."""

    columns: Sequence[Sequence[str]]
    faulty: dict[int, str]


class RowEnd(NamedTuple):
    """`offset` is just after a row's line end; `lines` counts the lines since the previous row end."""

    offset: int
    lines: int


class RowScanner(Protocol):
    """Finds row ends in one pass over a file's body. Between calls it keeps its state, such as whether a quote is open
    and the number of lines in an unfinished row, but no bytes."""

    def last_end(self, part: bytes, at: int, to: int) -> RowEnd | None:
        """The last row end within part[at:to]; consumes all of it."""
        ...

    def next_end(self, part: bytes, at: int) -> RowEnd | None:
        """The first row end from `at` on; consumes `part` up to it, or all of `part` if there is none."""
        ...


class TabularFormat(Protocol):
    """A file format with the dialect of one file. It has no other state, and never raises for a file's content: every
    byte of a body belongs to some row, and a fault in that row becomes a reason code.

    Row ends depend on ASCII characters alone, so rows are also found in bytes that are not UTF-8. All methods must
    agree on them: a chunk begins and ends where `scanner` says, and `split_rows` finds the same rows.

    `split_rows` and `parse_cells` process every row of every file. They work on a whole chunk at a time, and must not
    run Python code per cell, nor per row unless the chunk needs it. `scanner` processes every byte. The other methods
    see only a header, a few rows or rejected rows, so their speed does not matter.
    """

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        """The columns of a file. `head` is its first bytes, or all of them (`complete`); text begins at `start`.

        A format without a header line takes the columns from its first rows; its body then starts with these rows.
        A header beyond `MAX_HEADER_BYTES` is a fault.
        """
        ...

    def scanner(self) -> RowScanner:
        """A new scanner, for one pass over one file's body."""
        ...

    def split_rows(self, text: str, first_line: int) -> RawRows:
        """The rows of `text`, which consists of whole rows. Blank lines are not rows, but count as lines."""
        ...

    def parse_cells(self, rows: Sequence[str], header: Sequence[str], *, max_cell_bytes: int) -> Cells:
        """The cells of rows from `split_rows`; each column has one cell for every row that is not faulty.

        `header` names the columns. A row without exactly one cell per column is faulty (`WRONG_FIELD_COUNT`), and so is
        a row with a cell of more UTF-8 bytes than allowed (`CELL_TOO_LARGE`). Cells are only unescaped.
        """
        ...

    def cells(self, row: str) -> Sequence[str]:
        """The cells of one row, even if there are too few or too many."""
        ...

    def write_rejects(self, header: Sequence[str], rejects: Iterable[Reject]) -> Iterator[bytes]:
        """A reject file as `rejects.py` defines it: its header, then one part per row.

        The format must detect it as its own, so that the corrected file can be uploaded again.
        """
        ...
