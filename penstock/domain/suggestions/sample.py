"""The sample of a file that suggestions are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from penstock.domain.mapping.coercion.base import PADDING

MAX_SAMPLE_ROWS = 2_000
MAX_SAMPLE_CELLS = 60_000  # fewer rows of a file with many columns
MIN_SAMPLE_ROWS = 40


def max_sample_rows(columns: int) -> int:
    """The number of rows to sample of a file with so many columns."""
    return min(MAX_SAMPLE_ROWS, max(MIN_SAMPLE_ROWS, MAX_SAMPLE_CELLS // max(columns, 1)))


class Sample(NamedTuple):
    """The columns of a file and the cells of some rows, column by column. `complete`: these are all rows.

    `unreadable` has columns that have no cells here, with the reason; `unknown` those that only later rows name, with
    the number of these rows.
    """

    names: Sequence[str]
    columns: Sequence[Sequence[str]]
    complete: bool
    unreadable: Mapping[str, str] = {}
    unknown: Mapping[str, int] = {}

    @property
    def rows(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def without(self, names: Collection[str]) -> Sample:
        """The sample without some columns."""
        kept = [at for at, name in enumerate(self.names) if name not in names]
        return self._replace(names=[self.names[at] for at in kept], columns=[self.columns[at] for at in kept])


class Cells:
    """The cells of one column in the sample. `distinct` counts the cells that are not blank, without padding."""

    def __init__(self, name: str, cells: Sequence[str]) -> None:
        self.name, self.cells = name, cells
        stripped = [cell.strip(PADDING) for cell in cells]
        self.padded = sum(1 for cell, bare in zip(cells, stripped, strict=True) if bare and cell != bare)
        self.distinct = Counter(stripped)
        self.blank = sum(self.distinct.pop(cell) for cell in [cell for cell in self.distinct if not cell.strip()])
        self.filled = self.distinct.total()

    def first(self, count: int) -> Cells:
        """The first `count` different cells, as often as they occur."""
        if len(self.distinct) <= count:
            return self
        return self.only(islice(self.distinct, count))

    def only(self, distinct: Iterable[str]) -> Cells:
        """Some of the different cells, as often as they occur."""
        return Cells(self.name, [cell for cell in distinct for _ in range(self.distinct[cell])])

    def replaced(self, values: Mapping[str, str]) -> Cells:
        """These cells after a value map."""
        return Cells(self.name, [values.get(cell.strip(PADDING), cell) for cell in self.cells]) if values else self

    def without(self, blanks: Sequence[str]) -> Cells:
        """These cells with the words `blanks` taken as blank."""
        if not blanks:
            return self
        folded = {word.casefold() for word in blanks}
        return Cells(self.name, ["" if cell.strip(PADDING).casefold() in folded else cell for cell in self.cells])
