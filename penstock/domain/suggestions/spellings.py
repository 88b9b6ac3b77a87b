"""Enumerations whose options are written in several ways, such as `Gold`, `gold` and `GOLD`: one spelling for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from penstock.domain.near_names import edit_distance

MAX_SPELLINGS = 100  # different cells of a column
MIN_LETTERS = 5  # of a word that may be misspelt
MIN_LEFT = 3  # of one that lacks a letter of the usual word
RARER = 10  # times: a misspelling beside the right spelling


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


def misspelt(cells: Mapping[str, int]) -> dict[str, str]:
    """The frequent cell that each rare one may be a misspelling of: they differ in one letter of one word."""
    found = {}
    for rare, count in cells.items():
        usual = [cell for cell in cells if cells[cell] >= RARER * count and _is_similar(rare, cell)]
        if usual:
            found[rare] = max(usual, key=lambda cell: cells[cell])
    return found


def _is_similar(one: str, other: str) -> bool:
    differing = list(_differing_words(_folded(one).split(), _folded(other).split()))
    if len(differing) != 1:
        return False
    word, usual = differing[0]
    least = MIN_LETTERS if len(word) >= len(usual) else MIN_LEFT
    return min(len(word), len(usual)) >= least and edit_distance(word, usual, 1) == 1


def _differing_words(words: list[str], others: list[str]) -> Iterator[tuple[str, str]]:
    if len(words) == len(others):
        yield from ((word, other) for word, other in zip(words, others, strict=True) if word != other)


def _spellings(found: list[str]) -> list[str]:
    usual = found[0]
    return list(dict.fromkeys((*found, usual.lower(), usual.upper(), usual.capitalize())))


def _folded(cell: str) -> str:
    """Without the differences of case and of white space."""
    return " ".join(cell.casefold().split())
