"""Enumerations whose options are written in several ways, such as `Gold`, `gold` and `GOLD`: one spelling for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MAX_SPELLINGS = 100  # different cells of a column


def value_map(cells: Mapping[str, int]) -> dict[str, str]:
    """The most frequent spelling of each option by every other one, given how often each cell occurs.

    If there are several spellings, it also has the usual ones that the sample may lack: lower case, upper case and
    capitalised. Empty when each option is written in one way, or when there are too many cells.
    """
    if len(cells) > MAX_SPELLINGS:
        return {}
    options: dict[str, list[str]] = {}
    for cell in sorted(cells, key=lambda cell: (-cells[cell], cell)):
        options.setdefault(_folded(cell), []).append(cell)
    if len(options) == len(cells):
        return {}
    return {spelling: found[0] for found in options.values() for spelling in _spellings(found) if spelling != found[0]}


def as_options(cells: Iterable[str], options: Iterable[str]) -> dict[str, str]:
    """The option that each cell is another spelling of."""
    by_folded = {_folded(option): option for option in options}
    found = {cell: by_folded[_folded(cell)] for cell in cells if _folded(cell) in by_folded}
    return {cell: option for cell, option in found.items() if cell != option}


def _spellings(found: list[str]) -> list[str]:
    usual = found[0]
    return list(dict.fromkeys((*found, usual.lower(), usual.upper(), usual.capitalize())))


def _folded(cell: str) -> str:
    """Without the differences of case and of white space."""
    return " ".join(cell.casefold().split())
