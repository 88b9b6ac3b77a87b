"""Enumerations whose options are written in several ways, such as `Gold`, `gold` and `GOLD`: one spelling for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from penstock.domain.near_names import edit_distance

MAX_SPELLINGS = 100  # different cells of a column
MIN_AS_FREQUENT = 0.5  # of the most frequent spelling
MIN_LETTERS = 5  # of a word that may be misspelt
MIN_SWAPPED = 4  # of one in which two letters are swapped
MIN_LEFT = 3  # of one that lacks a letter of the usual word
RARER = 10  # times: a misspelling beside the right spelling


def value_map(cells: Mapping[str, int]) -> dict[str, str]:
    """The usual spelling of each option by every other one, given how often each cell occurs: the most frequent, or one
    that is at least half as frequent and has its capitals where most of the other options have theirs.

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
    _in_one_style(options, cells)
    return {spelling: found[0] for found in options.values() for spelling in _spellings(found) if spelling != found[0]}


def _in_one_style(options: dict[str, list[str]], cells: Mapping[str, int]) -> None:
    """Puts the spelling of each option first whose capitals are those of most others; the rarest options first, so that
    two do not take each other's."""
    for option in reversed(options):
        most, *rarer = options[option]
        styles = Counter(_style(found[0]) for other, found in options.items() if other != option)
        usual, count = max(styles.items(), key=lambda item: item[1], default=("", 0))
        if _style(most) == usual or count * 2 <= styles.total():
            continue
        alike = [each for each in rarer if _style(each) == usual and cells[each] >= cells[most] * MIN_AS_FREQUENT]
        if alike:
            options[option] = [alike[0], *(each for each in options[option] if each != alike[0])]


def _style(cell: str) -> str:
    """How a spelling uses capitals."""
    if cell == cell.lower():
        return "lower"
    return "upper" if cell == cell.upper() else "capitalised"


def as_options(cells: Iterable[str], options: Iterable[str]) -> dict[str, str]:
    """The option that each cell is another spelling of."""
    by_folded = {_folded(option): option for option in options}
    found = {cell: by_folded[_folded(cell)] for cell in cells if _folded(cell) in by_folded}
    return {cell: option for cell, option in found.items() if cell != option}


def misspelt(cells: Mapping[str, int]) -> dict[str, str]:
    """The frequent cell that each rare one may be a misspelling of: they differ in one letter of one word."""
    found = {}
    for rare, count in cells.items():
        usual = [cell for cell in cells if cells[cell] >= RARER * count and is_similar(rare, cell)]
        if usual:
            found[rare] = max(usual, key=lambda cell: cells[cell])
    return found


def is_similar(one: str, other: str) -> bool:
    """Whether they differ in one letter of one word, or in two that are swapped."""
    differing = list(_differing_words(_folded(one).split(), _folded(other).split()))
    if len(differing) != 1:
        return False
    word, usual = differing[0]
    return min(len(word), len(usual)) >= _least_letters(word, usual) and edit_distance(word, usual, 1) == 1


def _least_letters(word: str, usual: str) -> int:
    """Short words that differ in a letter are often two words, such as `Gold` and `Golf`."""
    if len(word) < len(usual):
        return MIN_LEFT
    return MIN_SWAPPED if sorted(word) == sorted(usual) else MIN_LETTERS


def _differing_words(words: list[str], others: list[str]) -> Iterator[tuple[str, str]]:
    if len(words) == len(others):
        yield from ((word, other) for word, other in zip(words, others, strict=True) if word != other)


def _spellings(found: list[str]) -> list[str]:
    usual = found[0]
    return list(dict.fromkeys((*found, usual.lower(), usual.upper(), usual.capitalize())))


def _folded(cell: str) -> str:
    """Without the differences of case and of white space."""
    return " ".join(cell.casefold().split())
