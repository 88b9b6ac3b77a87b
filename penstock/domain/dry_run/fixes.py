"""Finds fixes for the invalid cells of a column: another format, words for blank, dropping them, or mapping an
identifier as a plain attribute.

Each is tried on the cells themselves, with the coercer that would ingest them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from penstock.domain.dry_run.as_attribute import RowChange
from penstock.domain.dry_run.invalid_cells import ColumnErrors
from penstock.domain.dry_run.notations import NUMBERS, Notation, other_notation, usual_country
from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.suggestions.blank_words import blank_words
from penstock.domain.suggestions.fitting import cells_are
from penstock.domain.suggestions.frequent_words import MAX_WORDS, frequent
from penstock.domain.suggestions.places import Places
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.unknown_countries import unknown_countries

_LISTS = (ValueType.ENUM, ValueType.BOOLEAN)  # of values that repeat, so a word that does is no sign of blank


class FixOption(StrEnum):
    """The option of a mapped column that the fix sets."""

    FORMAT = "format"
    BLANKS = "blanks"
    ON_MISFIT = "on_misfit"
    IDENTIFIER = "identifier"
    VALUES = "values"  # of the column that has the country of each row


class Fix(NamedTuple):
    """A fix that makes `cells` of the invalid cells valid; for `on_misfit` and `identifier`, the number of rows that it
    keeps. `against` is the argument against the fix; of `values`, why it is needed."""

    option: FixOption
    value: str
    cells: int
    against: tuple[str, ...] = ()

    def message(self, tried: int) -> str:
        """The fix in a sentence, given the number of cells that were tried."""
        match self.option:
            case FixOption.FORMAT:
                taken = f"{self.value} would take {self.cells:,} of {tried:,} cells"
                return "; ".join([taken, *self.against])
            case FixOption.BLANKS:
                are = "is a word" if self.cells == 1 else "are words"
                taken = f"{self.cells:,} of {tried:,} cells {are} for blank: {self.value}"
                return "; ".join([taken, *self.against])
            case FixOption.ON_MISFIT:
                rows = "1 row" if self.cells == 1 else f"{self.cells:,} rows"
                return f"leaving out the cells that do not fit would keep {rows}"
            case FixOption.VALUES:
                return "; ".join(self.against)
            case FixOption.IDENTIFIER:
                rows = "1 more row" if self.cells == 1 else f"{self.cells:,} more rows"
                kept = (
                    f"if it identified nobody, {rows} would be kept, without the cells that do not fit; people could "
                    "not be looked up by it"
                )
                return "; ".join([kept, *self.against])


def fixes(
    invalid: ColumnErrors,
    format: ValueFormat,
    places: Places,
    *,
    rows: int,
    may_drop: bool,
    some_fit: bool,
    as_attribute: RowChange | None = None,
    whole: Callable[[Cells], Notation | None] = lambda _: None,
    net: Callable[[Notation], Notation | None] = lambda notation: notation,
) -> list[Fix]:
    """The fixes of one column of a file with so many `rows`, and with `places`. `may_drop` is false for an identifier;
    `some_fit`: other cells of the column fit. `as_attribute`: the column is an identifier, and not the only one.
    `whole` finds the notation of the whole column, and counts the cells that it takes of those that do not fit.
    `net` says what a notation loses, and is None for one that loses more than it takes."""
    cells = Cells(invalid.label, list(invalid.cells.elements()))
    known = blank_words(cells, typed=as_attribute is not None or format.kind is not ValueType.TEXT)
    repeated = () if format.kind in _LISTS else tuple(islice(frequent(cells.without(known).distinct, rows), MAX_WORDS))
    words = (*known, *repeated)
    rest = cells.without(words)
    found = []
    unplaced = Cells(invalid.label, list(invalid.unplaced.elements())).without(words)
    further = other_notation(rest, format, places, some_fit=some_fit) or usual_country(unplaced, format, places)
    notations = (
        (whole(rest), further) if format.kind in NUMBERS else (further, whole(rest))
    )  # one notation, if it will do
    worth_it = [each for each in map(net, filter(None, notations)) if each is not None]
    if notation := max(worth_it, key=lambda each: each.cells, default=None):
        found.append(Fix(FixOption.FORMAT, notation.written, notation.cells, notation.against))
    if invalid.unknown_countries:
        found.append(_of_countries(invalid.unknown_countries, format, places))
    if words:
        found.append(Fix(FixOption.BLANKS, ",".join(words), cells.filled - rest.filled, _counted(repeated, cells)))
    if may_drop and invalid.sole_rows:
        found.append(Fix(FixOption.ON_MISFIT, "drop", invalid.sole_rows))
    if as_attribute is not None and as_attribute.kept > as_attribute.lost:
        found.append(Fix(FixOption.IDENTIFIER, "false", as_attribute.kept, _lost(as_attribute.lost)))
    return found


def _of_countries(words: Counter[str], format: ValueFormat, places: Places) -> Fix:
    """The value map of the column with the countries, for the words that are not known."""
    unknown, column = unknown_countries(words, places.region_of), format.region_column
    cells = words.total()
    numbers = "1 number has" if cells == 1 else f"{cells:,} numbers have"
    cause = f"{numbers} no country code, and a country in {column} that is not known: {unknown}"
    map_or = f", or give {column} a value map with their codes" if unknown.value_map else ""
    return Fix(FixOption.VALUES, unknown.value_map, cells, (cause, f"correct these words in {column}{map_or}"))


def _counted(words: Iterable[str], cells: Cells) -> tuple[str, ...]:
    """The words that only repeat, with the number of their cells: a person knows whether they are values."""
    return tuple(cells_are(cells.distinct[word], f"{word!r}, which no list of such words has") for word in words)


def _lost(rows: int) -> tuple[str, ...]:
    have = "row has" if rows == 1 else "rows have"
    return (f"but {rows:,} {have} no other identifier and would be rejected",) if rows else ()
