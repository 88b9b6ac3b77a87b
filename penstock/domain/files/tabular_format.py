"""The interface of a file format; `tsv.py`, `csv.py` and `ndjson.py` implement it.

A format knows bytes: where a row ends, which cells it has, how both are written. Everything else is the same for all
formats and stays outside: the byte-order mark, UTF-8 and NULs, the rules for column names, the mapping, the limits on
faults. `formats.py` lists the formats; a request's format is detected once and frozen into its plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files.rejects import Reject, RejectedFile

MAX_HEADER_BYTES = 1 << 20

# Reason codes for rejected rows.
WRONG_FIELD_COUNT = "wrong_field_count"
CELL_TOO_LARGE = "cell_too_large"
INVALID_QUOTES = "invalid_quotes"
NOT_AN_OBJECT = "not_a_json_object"
UNKNOWN_KEY = "unknown_key"
NESTED_VALUE = "nested_value"  # with its column


class FileFormat(msgspec.Struct, frozen=True):
    """The format of a file: a name listed in `formats.py`, and the dialect of this file.

    `dialect` is in the format's own notation (such as a delimiter and a quote), or empty.
    """

    name: str = "tsv"
    dialect: str = ""


class FileOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the user wants a file to be read. `encoding` is None if none was declared; see `encodings.py`.
    `clean_headers`: column names that break the rules are cleaned (`clean_names.py`), not refused. `quoted`: cells of
    TSV may be in double quotes (`quoted_tsv.py`). Each is None if nobody said so. `corrected`: it is a corrected reject
    file, even if the columns of Penstock were deleted.

    `inherited`: the names of the options that the user left to the data source. An inherited encoding does not hold for
    a file whose bytes show Unicode (`decoding.py`)."""

    encoding: str | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None
    corrected: bool = False
    inherited: tuple[str, ...] = ()

    @property
    def inherits_encoding(self) -> bool:
        return "encoding" in self.inherited

    @property
    def own(self) -> FileOptions:
        """Without what is inherited."""
        return msgspec.structs.replace(self, **dict.fromkeys(self.inherited), inherited=())

    def declared(self, **options: bool) -> FileOptions:
        """With these `options`, which are then not inherited."""
        inherited = tuple(name for name in self.inherited if name not in options)
        return msgspec.structs.replace(self, **options, inherited=inherited)

    def read_as(self, encoding: str | None) -> FileOptions:
        """The options with the encoding in which the file was read; None if its bytes showed UTF-8."""
        inherited = self.inherited if encoding else tuple(name for name in self.inherited if name != "encoding")
        return msgspec.structs.replace(self, encoding=encoding, inherited=inherited)


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


class Nested(NamedTuple):
    """The cells of a column that are objects or arrays, and those that are not blank."""

    objects: int
    arrays: int
    filled: int


class TabularFormat(Protocol):
    """A file format with the dialect of one file. It has no other state, and never raises for a file's content: every
    byte of a body belongs to some row, and a fault in that row becomes a reason code.

    Row ends depend on ASCII characters alone, so rows are also found in bytes that are not UTF-8. A row ends with a
    newline, or with the file. All methods must agree on row ends: a chunk begins and ends where `last_row_end` and
    `first_row_end` say, and `split_rows` finds the same rows.

    `has_nul`, `split_rows` and `parse_cells` process every row of every file. They work on a whole chunk at a time, and
    must not run Python code per cell, nor per row unless the chunk needs it. `last_row_end` processes every byte. The
    other methods see only a header, a few rows or rejected rows, so their speed does not matter.
    """

    looks_ahead: bool
    """Whether a row's end may depend on bytes after it, at most those of one row of the maximum size."""

    names_every_row: bool
    """Whether each row names its columns, so that the first rows need not have all columns of the file."""

    def read_header(self, head: bytes, start: int, *, max_columns: int, complete: bool) -> HeaderCells:
        """The columns of a file. `head` is its first bytes, or all of them (`complete`); text begins at `start`.

        A format without a header line takes the columns from its first rows; its body then starts with these rows.
        A header beyond `MAX_HEADER_BYTES` is a fault.
        """
        ...

    def last_row_end(self, rows: bytearray, to: int, *, max_row_bytes: int) -> int:
        """The offset after the last row that ends with a newline within rows[:to], or 0. `rows` begins with a row.

        A format that looks ahead gets `max_row_bytes` more than `to`, or the rest of the file. A row over that limit
        ends with its line.
        """
        ...

    def first_row_end(self, rows: bytearray, *, max_row_bytes: int) -> int:
        """The offset after the first row, or 0 if no newline shows its end; `rows` as for `last_row_end`.

        If the row may contain newlines, its end may be that of the file.
        """
        ...

    def has_nul(self, text: str) -> bool:
        """Whether `text`, which consists of whole rows, has a NUL, escaped ones included."""
        ...

    def split_rows(self, text: str, first_line: int) -> RawRows:
        """The rows of `text`, which consists of whole rows. Blank lines are not rows, but count as lines."""
        ...

    def parse_cells(
        self, rows: Sequence[str], header: Sequence[str], *, used: Collection[int], max_cell_bytes: int
    ) -> Cells:
        """The cells of rows from `split_rows`; each column has one cell for every row that is not faulty.

        `header` names the columns as the file does; the cells of columns that are not `used` (by index) need not be
        right. A row is faulty that cannot have one cell per column (`WRONG_FIELD_COUNT`), or that has a used cell of
        more UTF-8 bytes than allowed (`CELL_TOO_LARGE`). Cells are only unescaped.
        """
        ...

    def nested(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[int, Nested]:
        """The columns, by index, with cells that are objects or arrays, in some rows from `split_rows`."""
        ...

    def unknown_columns(self, rows: Sequence[str], header: Sequence[str]) -> Mapping[str, int]:
        """The columns that some of these rows name and the header does not, with the number of the rows."""
        ...

    def cells(self, row: str, header: Sequence[str]) -> Sequence[str]:
        """The cells of one row in the order of the header, even if there are too few or too many."""
        ...

    def write_rejects(self, file: RejectedFile, rejects: Iterable[Reject]) -> Iterator[bytes]:
        """The reject file of `file` as `rejects.py` defines it: its header, if the format has one, then one part per
        row.

        The format must detect it as its own, so that the corrected file can be uploaded again.
        """
        ...
