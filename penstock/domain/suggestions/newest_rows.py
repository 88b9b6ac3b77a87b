"""Which row of a person is the newest, where a file has several rows of one person.

The later line wins, unless a column with the time of the last change says when the facts of its row were true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.profiles.junk_identifiers import JUNK_EMAILS, JUNK_WORDS
from penstock.domain.suggestions.candidates import ACCEPTABLE, Candidate
from penstock.domain.suggestions.change_names import names_a_change
from penstock.domain.suggestions.facts import Facts
from penstock.domain.suggestions.identifiers import Effect

LATER_LINE = "several rows that differ: the later line wins"
MARKED = "is marked as the time of the last change"
MIN_TIMES = 0.95  # share of rows with a time: a row without one counts as the newest
_TIMES = (ValueType.DATE, ValueType.DATETIME)


class NewestRows(NamedTuple):
    """`people` have several rows that differ, by the identifier at `identifier`. The column at `as_of` says which of
    these is the newest; `without_time` rows have no time there. `unused` could say so as well, but it was mapped before
    without that."""

    people: int = 0
    identifier: int = 0
    as_of: int | None = None
    without_time: int = 0
    unused: str = ""

    def effect(self, place: int, effect: Effect) -> Effect:
        """What the column at `place` does, with what this means for the rows of one person."""
        if not self.people:
            return effect
        if place == self.as_of:
            evidence = f"it says which row is the newest: {self._several}"
            against = [f"{_rows(self.without_time)} no time, and would be the newest"] if self.without_time else []
            return effect._replace(
                evidence=(*effect.evidence, evidence), against=(*effect.against, *against), as_of=True
            )
        if place == self.identifier and self.as_of is None:
            column = self.unused or "a column that says which is newer"
            wins = f"{self._several}: the later line wins, unless {column} {MARKED}"
            return effect._replace(against=(*effect.against, wins))
        return effect

    @property
    def _several(self) -> str:
        are = "1 person has" if self.people == 1 else f"{self.people:,} people have"
        return f"{are} several rows that differ"


def newest_rows(
    facts: Sequence[Facts],
    chosen: Sequence[Candidate],
    present: Mapping[int, Sequence[bool]],
    joined: Sequence[str],
    tied: Collection[int],
    earlier: Sequence[ColumnMapping],
) -> NewestRows:
    """What says which row of a person is the newest, given the rows in which each identifier is `present` by its place,
    and the values of the `joined` one at the place after the last. Nothing where no person has several rows, or the
    earlier mapping has a column that says so. None of those `tied` says so."""
    names = {each.name for each in facts}
    if any(each.as_of and names.issuperset(each.sources) for each in earlier):
        return NewestRows()
    keys = {place: joined if place == len(facts) else _keys(facts[place], has) for place, has in present.items()}
    repeated = {place: _repeated(values, facts) for place, values in keys.items()}
    identifier = max(repeated, key=lambda place: (repeated[place], -place), default=0)
    people = repeated.get(identifier, 0)
    if not people:
        return NewestRows()
    named = [place for place, each in enumerate(facts) if names_a_change(each.name)]
    usable = [place for place in named if place not in tied and _says_when(facts[place], chosen[place])]
    best = max(usable, key=lambda place: (_has_times(chosen[place]), _times(facts[place]), -place), default=None)
    if best is not None:
        return NewestRows(people, identifier, best, len(facts[best].cells.cells) - _times(facts[best]))
    unused = [facts[place].name for place in named if chosen[place].earlier and _are_dates(chosen[place])]
    return NewestRows(people, identifier, unused=unused[0] if unused else "")


def _keys(facts: Facts, present: Sequence[bool]) -> Sequence[str]:
    """The values of an identifier as they are compared, "" in a row without one."""
    is_email = ValueType.EMAIL in facts.findings
    cells = map(str.casefold, facts.cells.cells) if is_email else facts.cells.cells
    return [cell.strip() if has else "" for cell, has in zip(cells, present, strict=True)]


def _repeated(keys: Sequence[str], facts: Sequence[Facts]) -> int:
    """How many values of an identifier stand on several rows that differ."""
    several = {key for key, count in Counter(keys).items() if key and count > 1 and not _is_junk(key)}
    if not several:
        return 0
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for key, *row in zip(keys, *(each.cells.cells for each in facts), strict=True):
        if key in several:
            found[key].add(tuple(row))
    return sum(len(different) > 1 for different in found.values())


def _is_junk(key: str) -> bool:
    return key.casefold() in JUNK_WORDS or key.casefold() in JUNK_EMAILS


def _says_when(facts: Facts, candidate: Candidate) -> bool:
    """Whether a column has a time in nearly all rows, in an order of day and month that is sure. It must not be
    personal, because who reads ordinary values sees the order of the rows."""
    if candidate.earlier or candidate.attribute.pii or not _are_dates(candidate):
        return False
    finding, rows = candidate.finding, len(facts.cells.cells)
    sure = candidate.confidence >= ACCEPTABLE and not (finding and finding.ambiguous)
    return sure and _times(facts) >= rows * MIN_TIMES


def _are_dates(candidate: Candidate) -> bool:
    return candidate.format.kind in _TIMES


def _has_times(candidate: Candidate) -> bool:
    return candidate.format.kind is ValueType.DATETIME


def _times(facts: Facts) -> int:
    """The number of rows with a time, as far as the values show."""
    return max((each.fit.count for kind, each in facts.findings.items() if kind in _TIMES), default=0)


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
