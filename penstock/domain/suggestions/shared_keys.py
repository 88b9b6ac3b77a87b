"""Keys whose values different people share, such as the number of a household's card, and what identifies in their
place: such a number with the name of the person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.profiles.junk_identifiers import JUNK_PARTS, JUNK_SIGNS
from penstock.domain.suggestions.candidates import ACCEPTABLE, Candidate
from penstock.domain.suggestions.different_people import (
    MIN_DIFFERENT,
    Telling,
    are_many,
    shared_by_different_people,
)
from penstock.domain.suggestions.facts import UNIQUE, Facts
from penstock.domain.suggestions.keys import counts_rows, names_a_key
from penstock.domain.suggestions.personal_words import is_national_number

KEYS = ("crmid", "loyalty_id")
NAMES = ("first_name", "full_name")  # a last name changes
SEPARATOR = "|"  # in no name
MIN_JOINED = 0.9  # share of rows with both
MIN_DISTINCT = 0.2  # share of different values of what people share in a household
_CODES = (ValueType.TEXT, ValueType.INTEGER)


class JoinedKey(NamedTuple):
    """Two columns that identify together, by their places, and their values in each row, "" where one is blank."""

    key: int
    name: int
    label: str
    cells: Sequence[str]

    @property
    def present(self) -> Sequence[bool]:
        return list(map(bool, self.cells))

    @property
    def evidence(self) -> str:
        values = list(filter(None, self.cells))
        differ = len(set(values))
        return f"all {differ:,} differ" if differ == len(values) else f"{differ:,} of {len(values):,} differ"


def joined_key(facts: Sequence[Facts], chosen: Sequence[Candidate]) -> JoinedKey | None:
    """A key that different people share with their names, if these tell them apart and no other key does."""
    if any((each.earlier and each.earlier.identifier) or each.key or is_sure_key(each) for each in chosen):
        return None
    name = next((at for at, each in enumerate(chosen) if each.attribute.name in NAMES and _is_sure(each)), None)
    for key, candidate in enumerate(chosen):
        if name is None or not candidate.shared:
            continue
        columns = (_named(facts[key].cells.cells, JUNK_PARTS), _named(facts[name].cells.cells, JUNK_SIGNS))
        cells = [SEPARATOR.join(row) if all(row) else "" for row in zip(*columns, strict=True)]
        values = list(filter(None, cells))
        if len(values) < len(cells) * MIN_JOINED or len(set(values)) < len(values) * UNIQUE:
            continue
        shared = shared_by_different_people(cells, _telling(facts, chosen, key)._replace(names=()))
        if not are_many(shared, set(values)):
            return JoinedKey(key, name, f"{facts[key].name} and {facts[name].name}", cells)
    return None


def is_sure_key(candidate: Candidate) -> bool:
    return candidate.attribute.name in KEYS and _is_sure(candidate) and not candidate.shared


def _is_sure(candidate: Candidate) -> bool:
    return candidate.confidence >= ACCEPTABLE


def _named(cells: Sequence[str], junk: Collection[str]) -> Sequence[str]:
    """The cells without those that name nobody."""
    return ["" if cell.casefold() in junk else cell for cell in map(str.strip, cells)]


def with_shared(facts: Sequence[Facts], chosen: Sequence[Candidate]) -> dict[int, int]:
    """How many values of a column that identifies by its name stand on rows of different people, by its place; only if
    they are many."""
    found = {}
    for place, candidate in enumerate(chosen):
        identifies = candidate.attribute.name in KEYS and not candidate.earlier and not candidate.key
        if identifies and not facts[place].unique and (shared := _shared(facts, chosen, place)):
            found[place] = shared
    return found


def other_shared(facts: Sequence[Facts], chosen: Sequence[Candidate]) -> dict[int, int]:
    """As `with_shared`, of columns that are no key of each person although their name says so, and that no attribute is
    for. With few different values they are the codes of something else, such as regions."""
    found = {}
    for place, (each, candidate) in enumerate(zip(facts, chosen, strict=True)):
        if candidate.exists or candidate.key or each.unique or candidate.format.kind not in _CODES:
            continue
        if not names_a_key(each.name) or counts_rows(each) or is_national_number(each.name):
            continue
        if len(each.cells.distinct) >= each.cells.filled * MIN_DISTINCT and (shared := _shared(facts, chosen, place)):
            found[place] = shared
    return found


def _shared(facts: Sequence[Facts], chosen: Sequence[Candidate], place: int) -> int:
    """How many values of a column stand on rows of different people; 0 if they are few."""
    telling = _telling(facts, chosen, place)
    if sum(map(len, telling)) < MIN_DIFFERENT:
        return 0
    values = facts[place].cells
    shared = shared_by_different_people(values.cells, telling)
    return shared if are_many(shared, values.distinct) else 0


def _telling(facts: Sequence[Facts], chosen: Sequence[Candidate], place: int) -> Telling:
    """What tells people apart beside the column at `place`."""
    fed = {candidate.attribute.name: each.cells.cells for each, candidate in zip(facts, chosen, strict=True)}
    numbers = [
        each.cells.cells
        for at, (each, candidate) in enumerate(zip(facts, chosen, strict=True))
        if at != place and each.unique and not each.is_typed and _numbers_people(each, candidate)
    ]
    names = next(([fed[name]] for name in NAMES if name in fed), [])
    return Telling(names, [*_of(fed, "birth_date"), *numbers], _of(fed, "email"))


def _of(fed: Mapping[str, Sequence[str]], name: str) -> Sequence[Sequence[str]]:
    return [fed[name]] if name in fed else []


def _numbers_people(facts: Facts, candidate: Candidate) -> bool:
    """Whether a column of different values has numbers of people, by its name."""
    named = candidate.attribute.name in KEYS or names_a_key(facts.name) or is_national_number(facts.name)
    return named and not counts_rows(facts)
