"""What every coercer promises, and the loop that they share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from penstock.domain.errors import PenstockError
from penstock.domain.limits import MAX_CELL

Value = str | int | bool  # decimals, dates and datetimes are canonical strings

PADDING = " \t"  # ignored around a cell of any format but text


class Misfit(PenstockError):
    """A cell that does not fit its format; `code` is a key of REASONS. Never carries the cell."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Coercer(Protocol):
    """Turns cells into values of one format. A cell is blank when nothing but white space is in it."""

    def column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        """Values aligned with `cells`, None for a blank and for a misfit; and each misfit's index -> reason code.

        Equal to `one` of every cell, and faster.
        """

    def one(self, cell: str) -> Value | None:
        """The value of one cell, None when it is blank; raises Misfit."""


class CellCoercer(Coercer):
    """A coercer made of an exact way for one text, and a fast way for the common shapes of a column.

    `longest` is how many characters a value may have.
    """

    longest = MAX_CELL

    @abstractmethod
    def read(self, text: str) -> Value:
        """The value of a cell that is not blank, not too long and has no padding; raises Misfit. This is the rule."""

    @abstractmethod
    def glance(self, cells: Sequence[str]) -> list[Value | None]:
        """The values that can be told at a glance, None for every other cell; never another value than `one`'s.

        It sees cells of any length, for a look at each would cost as much as some formats do: it takes none that is
        too long, and its time grows with the length alone.
        """

    def one(self, cell: str) -> Value | None:
        text = cell.strip(PADDING)
        if not text.strip():
            return None
        if len(text) > self.longest:
            raise Misfit("value_too_long")
        return self.read(text)

    def column(self, cells: Sequence[str]) -> tuple[list[Value | None], dict[int, str]]:
        values = self.glance(cells)
        misfits: dict[int, str] = {}
        if None not in values:
            return values, misfits
        for index, value in enumerate(values):
            if value is None and cells[index]:
                try:
                    values[index] = self.one(cells[index])
                except Misfit as misfit:
                    misfits[index] = misfit.code
        return values, misfits
