"""The interface of all coercers, and their common loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from penstock.domain.errors import PenstockError
from penstock.domain.limits import MAX_CELL

Value = str | int | bool  # decimals, dates and datetimes are canonical strings

PADDING = " \t"  # ignored around a cell of any format but text


class CoercionError(PenstockError):
    """A cell that does not fit its format; `code` is a key of REASONS. Never carries the cell."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Coercer(Protocol):
    """Turns cells into values of one format. A cell with only white space is blank."""

    def coerce_column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        """Values aligned with `cells`, None for a blank or invalid cell; and by index, each invalid cell's reason code.

        Equals `coerce_cell` of every cell, but is faster.
        """

    def coerce_cell(self, cell: str) -> Value | None:
        """The value of one cell, None when it is blank. Raises CoercionError."""


class PairedCoercer(Coercer, Protocol):
    """A coercer of cells that also depend on those of another column of the same row.

    As a `Coercer` it treats the other cell as blank.
    """

    other_column: str

    def coerce_pairs(self, cells: Sequence[str], others: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        """As `coerce_column`, given the cells of `other_column` in the same rows."""


class CellCoercer(Coercer):
    """A coercer with an exact parser for one cell, and a fast parser for the common notations in a column.

    `max_characters` limits the length of a value.
    """

    max_characters = MAX_CELL

    @abstractmethod
    def parse(self, text: str) -> Value:
        """The value of a cell that is not blank, not too long and has no padding. Raises `CoercionError`."""

    @abstractmethod
    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        """The values of cells in a common notation, None for every other cell; never differs from `coerce_cell`.

        Cells may have any length, because a check of each would cost as much as some formats do. So implementations
        must accept none that is too long, in linear time.
        """

    def coerce_cell(self, cell: str) -> Value | None:
        text = cell.strip(PADDING)
        if not text.strip():
            return None
        if len(text) > self.max_characters:
            raise CoercionError("value_too_long")
        return self.parse(text)

    def coerce_column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        values = self.parse_fast(cells)
        errors: dict[int, str] = {}
        if None not in values:
            return values, errors
        for index, value in enumerate(values):
            if value is None and cells[index]:
                try:
                    values[index] = self.coerce_cell(cells[index])
                except CoercionError as error:
                    errors[index] = error.code
        return values, errors
