"""The columns of a file with many of them, page by page, or those with a word in their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = 100  # of a page; each has a list of all attributes


class ColumnsPage(NamedTuple):
    """`places` are those of its columns, among `total`; `found` of them have `find` in their names."""

    number: int
    pages: int
    find: str
    found: int
    total: int
    places: Sequence[int]

    @property
    def first(self) -> int:
        """The number of the first column, counted from 1."""
        return (self.number - 1) * COLUMNS + 1

    @property
    def last(self) -> int:
        return self.first + len(self.places) - 1

    @property
    def is_part(self) -> bool:
        return len(self.places) < self.total


def columns_page(names: Sequence[str], *, number: int = 1, find: str = "", with_column: str = "") -> ColumnsPage:
    """The page with this number, or the nearest there is; `with_column`: the one that has this column, in any case."""
    found = [place for place, name in enumerate(names) if find.casefold() in name.casefold()]
    if with_column in names:
        place = names.index(with_column)
        if place not in found:
            find, found = "", list(range(len(names)))
        number = found.index(place) // COLUMNS + 1
    pages = max(1, -(-len(found) // COLUMNS))
    number = max(1, min(number, pages))
    start = (number - 1) * COLUMNS
    return ColumnsPage(number, pages, find, len(found), len(names), found[start : start + COLUMNS])
