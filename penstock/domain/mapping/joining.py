"""How a value is written that is joined from several columns, in words."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.mapping.mapping import ColumnOptions

_WORDS = {"": "nothing", " ": "a space"}  # separators that nobody sees


def separator_words(separator: str) -> str:
    return _WORDS.get(separator, separator)


def how_to_write(columns: Iterable[ColumnOptions]) -> str:
    """What to do to write a value as `columns` have it: "write its parts with | between: Number|Name". Empty if none is
    joined."""
    ways = {
        f"with {separator_words(each.separator)} between: {each.separator.join(each.columns)}": None
        for each in columns
        if len(each.columns) > 1
    }
    return f"write its parts {', or '.join(ways)}" if ways else ""
