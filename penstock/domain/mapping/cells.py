"""The cells of a mapped column: taken from the file's columns, then prepared for coercion.

cell_source(mapped, place_of, …)
                                where the cells come from: a column as it is, split or joined, or a constant; without
                                its words for blank, and of a joined identifier without parts that name nobody
preparation(mapped)             the value map and trimming; None for a column that uses none of them
country_cells(column, …)        the countries that phone numbers of other columns are read in

Both work on whole columns. White space around a cell is ignored when it is compared, split or joined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress, count
from operator import is_not
from typing import NamedTuple

from penstock.domain.mapping.joined_identifiers import UselessParts, useless_parts
from penstock.domain.mapping.mapping import ColumnMapping

Cells = Sequence[str]
Preparation = Callable[[Cells], Cells]


class SourceCells(NamedTuple):
    """The cells of a mapped column. `blanked` has the rows in which a word for blank was taken as blank, with the word
    as the mapping has it."""

    cells: Cells
    blanked: Mapping[int, str] = {}


OtherCells = Callable[[Sequence[Cells]], Cells]  # from the file's columns
CellSource = Callable[[Sequence[Cells], int], SourceCells]  # from the file's columns and the number of rows


def cell_source(
    mapped: ColumnMapping, place_of: Mapping[str, int], all_mapped: Sequence[ColumnMapping] = ()
) -> CellSource:
    """`all_mapped` are the columns of the mapping. Raises KeyError for a column that is not in `place_of`."""
    clean = _without_words(mapped.blanks)
    if mapped.constant is not None:
        constant = mapped.constant
        return lambda _, rows: clean([constant] * rows)
    if mapped.columns:
        places = [place_of[name] for name in mapped.columns]
        join = _joined_whole if mapped.identifier else _joined
        cleans = (
            [_without_useless(useless_parts(mapped, name, all_mapped)) for name in mapped.columns]
            if mapped.identifier
            else [clean] * len(places)
        )
        return lambda columns, _: _composed(
            [clean_part(columns[at]) for clean_part, at in zip(cleans, places, strict=True)],
            lambda cells: join(cells, mapped.separator),
            clean,
        )
    at = place_of[mapped.column]
    if mapped.split is not None:
        split, part = mapped.split, mapped.part
        return lambda columns, _: _composed(
            [clean(columns[at])], lambda cells: [part_of(cell, split, part) for cell in cells[0]], clean
        )
    return lambda columns, _: clean(columns[at])


def preparation(mapped: ColumnMapping) -> Preparation | None:
    steps: list[Preparation] = []
    if mapped.values:
        steps.append(_replacing({cell.strip(): value for cell, value in mapped.values.items()}))
    if mapped.trim:
        steps.append(lambda cells: list(map(str.strip, cells)))
    return _all_of(steps) if steps else None


def country_cells(column: str, place_of: Mapping[str, int], mapped: Sequence[ColumnMapping]) -> OtherCells:
    """The cells of `column`, from which phone numbers take their region.

    Where it is mapped itself, its words for blank are blank, and its value map counts if it names a country or nothing:
    another word, such as that of a region of sales, would hide the country that the cell names.
    """
    at = place_of[column]
    own = next((each for each in mapped if each.column == column and each.split is None), None)
    if own is None or not (own.blanks or own.values):
        return lambda columns: columns[at]
    from penstock.domain.mapping.coercion.country_names import country_code  # noqa: PLC0415  few mappings need it

    clean = _without_words(own.blanks)
    values = {cell.strip(): value for cell, value in own.values.items() if not value.strip() or country_code(value)}
    replace = _replacing(values)
    return lambda columns: replace(clean(columns[at]).cells)


def part_of(cell: str, split: str, part: int) -> str:
    """Part number `part` of a cell, "" if it has fewer. Repeated white space separates only once."""
    separator, count = None if split.isspace() else split, abs(part)
    parts = cell.split(separator, count) if part > 0 else cell.rsplit(separator, count)
    place = part - 1 if part > 0 else part
    return parts[place].strip() if -len(parts) <= place < len(parts) else ""


def _joined(columns: Sequence[Cells], separator: str) -> Cells:
    """The cells that are not blank, joined row by row."""
    stripped = [map(str.strip, cells) for cells in columns]
    return [separator.join(filter(None, cells)) for cells in zip(*stripped, strict=True)]


def _joined_whole(columns: Sequence[Cells], separator: str) -> Cells:
    """As `_joined`, but blank where a cell is: half of an identifier is that of several people."""
    stripped = [map(str.strip, cells) for cells in columns]
    return [separator.join(cells) if all(cells) else "" for cells in zip(*stripped, strict=True)]


def _composed(
    sources: Sequence[SourceCells],
    compose: Callable[[Sequence[Cells]], Cells],
    clean: Callable[[Cells], SourceCells],
) -> SourceCells:
    """The cells that are made of those of `sources`; what they make can be a word for blank again."""
    made = clean(compose([each.cells for each in sources]))
    blanked = {row: word for each in (*sources, made) for row, word in each.blanked.items()}
    return SourceCells(made.cells, blanked)


def _without_words(blanks: Sequence[str]) -> Callable[[Cells], SourceCells]:
    """Makes every cell blank that is one of the words."""
    words = {word.strip().casefold(): word.strip() for word in blanks}
    if not words:
        return SourceCells

    def clean(cells: Cells) -> SourceCells:
        left = ["" if cell.strip().casefold() in words else cell for cell in cells]
        if left == cells:  # most chunks of most columns have none, which equal lists show at once
            return SourceCells(cells)
        rows = compress(count(), map(is_not, cells, left))
        return SourceCells(left, {row: words[cells[row].strip().casefold()] for row in rows})

    return clean


def _without_useless(useless: UselessParts) -> Callable[[Cells], SourceCells]:
    """Makes every part of an identifier blank that names nobody."""

    def clean(cells: Cells) -> SourceCells:
        words = {row: word for row, word in enumerate(map(useless.word, cells)) if word is not None}
        return SourceCells(["" if row in words else cell for row, cell in enumerate(cells)], words)

    return clean


def _replacing(values: Mapping[str, str]) -> Preparation:
    return lambda cells: [values.get(cell.strip(), cell) for cell in cells]


def _all_of(steps: Sequence[Preparation]) -> Preparation:
    def prepare(cells: Cells) -> Cells:
        for step in steps:
            cells = step(cells)
        return cells

    return prepare
