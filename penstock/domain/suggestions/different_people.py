"""Values of an identifier that stand on rows of different people, such as the number of a household's card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, islice
from typing import NamedTuple

from penstock.domain.profiles.junk_identifiers import JUNK_EMAILS, JUNK_WORDS

MAX_COMPARED = 40  # rows of one value
MIN_DIFFERENT = 2  # of what is known of two people: one alone may be spelt otherwise, or new
MIN_SHARED = 3  # values
MIN_SHARE = 0.01  # of the different ones
_JUNK = JUNK_EMAILS | JUNK_WORDS


class Telling(NamedTuple):
    """What tells people apart, column by column: a name, numbers and days of which a person has one, and others, such
    as e-mail addresses, of which people may have several or share one."""

    names: Sequence[Sequence[str]] = ()
    own: Sequence[Sequence[str]] = ()
    others: Sequence[Sequence[str]] = ()


def shared_by_different_people(values: Sequence[str], telling: Telling) -> int:
    """How many values of an identifier stand on rows of different people."""
    columns = [*telling.names, *telling.own, *telling.others]
    known, needed = len(telling.names) + len(telling.own), min(MIN_DIFFERENT, len(columns))
    rows: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for value, *person in zip(_folded(values), *map(_folded, columns), strict=True):
        if value and value not in _JUNK:
            rows[value].add(tuple(person))
    return sum(
        any(_are_different(*pair, known, needed) for pair in combinations(islice(people, MAX_COMPARED), 2))
        for people in rows.values()
        if len(people) > 1
    )


def shared_by_different_keys(values: Sequence[str], keys: Sequence[str]) -> list[str]:
    """The values of an identifier, in lower case, that stand on rows with different keys of people; junk is none."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for value, key in zip(_folded(values), _folded(keys), strict=True):
        if key and value and value not in _JUNK:
            found[value].add(key)
    return [value for value, of_value in found.items() if len(of_value) > 1]


def are_many(shared: int, values: Collection[str]) -> bool:
    """Whether so many of the different `values` are more than slips of the hand."""
    return shared >= max(MIN_SHARED, len(values) * MIN_SHARE)


def _are_different(one: tuple[str, ...], other: tuple[str, ...], own: int, needed: int) -> bool:
    """Whether two people differ in at least so much of what is known of both, and are alike in none of the first `own`
    columns."""
    differ = [first != second if first and second else None for first, second in zip(one, other, strict=True)]
    return bool(needed) and False not in differ[:own] and differ.count(True) >= needed


def _folded(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.casefold().split()) for cell in cells]
