"""What every coercer promises, and the loop that they share."""

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
    """Turns cells into values of one format. A cell is blank when nothing but white space is in it."""

    def coerce_column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        """Values aligned with `cells`, None for a blank and for a misfit; and each misfit's index -> reason code.

        Equal to `coerce_cell` of every cell, and faster.
        """

    def coerce_cell(self, cell: str) -> Value | None:
        """The value of one cell, None when it is blank; raises CoercionError."""


class CellCoercer(Coercer):
    """A coercer made of an exact way for one text, and a fast way for the common shapes of a column.

    `longest` is how many characters a value may have.
    """

    longest = MAX_CELL

    @abstractmethod
    def parse(self, text: str) -> Value:
        """The value of a cell that is not blank, not too long and has no padding. This is the rule.

        Raises `CoercionError`.
        """

    @abstractmethod
    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        """The values of the common shapes, None for every other cell; never another value than `coerce_cell`'s.

        It sees cells of any length, for a look at each would cost as much as some formats do: it takes none that is
        too long, and its time grows with the length alone.
        """

    def coerce_cell(self, cell: str) -> Value | None:
        text = cell.strip(PADDING)
        if not text.strip():
            return None
        if len(text) > self.longest:
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
