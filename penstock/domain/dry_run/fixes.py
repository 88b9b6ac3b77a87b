"""What would fix the cells of a column that do not fit: other formats, words for blank, dropping them.

Each candidate is tried on the cells themselves, with the coercer that would ingest them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from penstock.domain.dry_run.candidates import BLANK_WORDS, candidates
from penstock.domain.dry_run.invalid_cells import ColumnErrors
from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import ValueFormat, parse_format
from penstock.domain.mapping.coercion import Coercer, coercer

SCREENED_CELLS = 100  # that each candidate is tried on first
MAX_FORMATS = 3  # that are then tried on all cells, and reported
CLOSE = 0.9  # of the most cells that a format takes: from there on, the more common format comes first


class FixOption(StrEnum):
    """The option of a mapped column that the fix sets."""

    FORMAT = "format"
    BLANKS = "blanks"
    ON_MISFIT = "on_misfit"


class Fix(NamedTuple):
    """`cells` of those that do not fit would be taken; for `on_misfit`, as many rows would be kept."""

    option: FixOption
    value: str
    cells: int

    def message(self, tried: int) -> str:
        """In words; `tried` cells were tried."""
        match self.option:
            case FixOption.FORMAT:
                return f"{self.value} would take {self.cells:,} of {tried:,} cells"
            case FixOption.BLANKS:
                return f"{self.cells:,} of {tried:,} cells are words for blank: {self.value}"
            case FixOption.ON_MISFIT:
                return f"leaving out the cells that do not fit would keep {self.cells:,} rows"


def fixes(invalid: ColumnErrors, format: ValueFormat, *, may_drop: bool) -> list[Fix]:
    """The fixes of one column, the best of each kind first. `may_drop` is false for an identifier."""
    found = [Fix(FixOption.FORMAT, written, cells) for written, cells in _formats(invalid.cells, format)]
    words = [cell for cell in invalid.cells if cell.strip().casefold() in BLANK_WORDS]
    if words:
        cells = sum(invalid.cells[word] for word in words)
        found.append(Fix(FixOption.BLANKS, ",".join(sorted({word.strip().casefold() for word in words})), cells))
    if may_drop and invalid.sole_rows:
        found.append(Fix(FixOption.ON_MISFIT, "drop", invalid.sole_rows))
    return found


def _formats(cells: Counter[str], format: ValueFormat) -> list[tuple[str, int]]:
    """The formats that take most of the cells, with their number."""
    screened = dict(islice(cells.items(), SCREENED_CELLS))
    tried = [(_taken(each, screened), written, each) for written, each in _coercers(format)]
    most = max((taken for taken, _, _ in tried), default=0)
    promising = sorted((each for each in tried if each[0]), key=lambda each: -min(each[0], CLOSE * most))[:MAX_FORMATS]
    return [(written, _taken(each, cells)) for _, written, each in promising]


def _coercers(format: ValueFormat) -> Iterator[tuple[str, Coercer]]:
    """Without those that the coercers do not know."""
    for written in candidates(format):
        with suppress(Refused):
            yield written, coercer(parse_format(written))


def _taken(candidate: Coercer, cells: Mapping[str, int]) -> int:
    different = list(cells)
    values, _ = candidate.coerce_column(different)
    return sum(cells[cell] for cell, value in zip(different, values, strict=True) if value is not None)
