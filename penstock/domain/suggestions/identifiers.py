"""The columns that identify a file's people, and how many rows these leave without an identifier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.mapping.attributes import TEXT, Attribute, ValueFormat, ValueType
from penstock.domain.suggestions.candidates import ACCEPTABLE, IDENTIFIERS, Candidate, Tenant
from penstock.domain.suggestions.different_people import shared_by_different_keys
from penstock.domain.suggestions.facts import Facts
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.keys import MIN_ROWS, Key, People, attribute_of_key, find_key
from penstock.domain.suggestions.names import OWN_NAME, display_name, name_for_kind, new_name
from penstock.domain.suggestions.personal_words import is_national_number, is_personal
from penstock.domain.suggestions.shared_keys import KEYS, NAMES, JoinedKey, is_sure_key

NAMED_KEY = 0.95  # confidence of a key with a name that says so
TENANTS_KEY = 0.92  # `ref`, `nr`: the name does not say whose
UNNAMED_KEY = 0.9
PERHAPS = 0.8
COVERED = 0.98  # share of rows; where other keys have as many, no key is looked for
MIN_KEPT = 0.02  # share of rows that only a national number keeps
MIN_FIT = 0.97  # share of an identifier's cells; below it, rows may be lost for what another column spares
MAX_ONLY_SHARED = 0.5  # share of rows that have no identifier but one that different people share
TELLING = ("first_name", "full_name", "birth_date")  # attributes in which people who share an address differ
WOULD_MERGE = "these people would become one"
WOULD_REJECT = "rows with a faulty address would be rejected"
KEY_RANK = 1.9  # among the columns that could feed one attribute: after one with the name and all cells


class KeyColumn(NamedTuple):
    """A column with a key, by its place."""

    place: int
    key: Key
    candidate: Candidate


def key_column(facts: Sequence[Facts], chosen: Sequence[Candidate], tenant: Tenant) -> KeyColumn | None:
    """The column that best identifies people beside those `chosen`, if these leave rows without a key; one of national
    numbers only where no other does, or where rows have no identifier otherwise."""
    if any(each.earlier and each.earlier.identifier for each in chosen):
        return None
    rows = len(facts[0].cells.cells) if facts else 0
    covered = [_present(each) for each, candidate in zip(facts, chosen, strict=True) if is_sure_key(candidate)]
    if rows and sum(map(any, zip(*covered, strict=True))) >= rows * COVERED:
        return None
    people = _people(facts, chosen)
    found = [
        KeyColumn(place, key, _candidate(each, key, tenant))
        for place, (each, candidate) in enumerate(zip(facts, chosen, strict=True))
        if _may_be_key(each, candidate, tenant) and (key := find_key(each, people, len(facts)))
    ]
    own = [each for each in found if not is_national_number(facts[each.place].name)]
    if any(each.candidate.confidence >= ACCEPTABLE for each in own):
        found = own
    elif covered:
        lacking = [count == 0 for count in identifying(facts, chosen).counts]
        found = [each for each in found if each in own or _keeps(each.key, lacking) >= rows * MIN_KEPT]
    best = max(found, key=lambda each: (each.candidate.confidence, each.key.filled, -each.place), default=None)
    if best and best.key.filled < MIN_ROWS and not _lost(facts, chosen):
        return None  # so few values differ by chance, and nothing is lost without them
    return best


def _keeps(key: Key, lacking: Sequence[bool]) -> int:
    """How many rows have a key, of those that are `lacking` an identifier."""
    return sum(has and lacks for has, lacks in zip(key.present, lacking, strict=True))


def _people(facts: Sequence[Facts], chosen: Sequence[Candidate]) -> People:
    fed = {candidate.attribute.name: each.cells for each, candidate in zip(facts, chosen, strict=True)}
    names = next((fed[name].cells for name in NAMES if name in fed), ())
    return People(fed.get("email"), [fed[name].cells for name in TELLING if name in fed], names)


def identifies(candidate: Candidate) -> bool:
    """Whether a column is suggested as an identifier."""
    if candidate.earlier:
        return candidate.earlier.identifier
    return candidate.key is not None or candidate.attribute.name in IDENTIFIERS


def identifying(facts: Sequence[Facts], chosen: Sequence[Candidate], joined: JoinedKey | None = None) -> Identifying:
    """What identifies the people of a file, given what its columns feed; the place of `joined` ones is that after the
    last."""
    places = [place for place, candidate in enumerate(chosen) if identifies(candidate)]
    present = {place: _present(facts[place], chosen[place]) for place in places}
    found = _identifying(present | ({len(facts): joined.present} if joined else {}))
    for place, candidate in enumerate(chosen):
        if candidate.shared:
            found = found.without_shared(place, candidate.shared, joined.label if joined else "")
    for place in places:
        if not _is_new_email(chosen[place]):
            continue
        if _loses_rows(chosen[place], alone=not _others_suffice(found.present, chosen, place)):
            found = found.spared(place, chosen[place])
        if place not in found.present:
            continue
        format = chosen[place].format
        if joined is not None:
            found = found.apart(place, _shared(facts[place], format, joined.cells), joined.label)
        elif (other := _first_key(found.present, chosen, place)) is not None:
            found = found.apart(
                place, _shared(facts[place], format, _keys(facts[other], found.present[other])), facts[other].name
            )
        elif (named := _names_place(chosen)) is not None:
            found = found.merging_names(
                place, _shared(facts[place], format, facts[named].cells.cells), facts[named].name
            )
    return found


class Effect(NamedTuple):
    """Whether a column identifies, and what it means for the rows of the file; `doubtful`: a person has to decide.
    `as_of`: it says which row of a person is the newest."""

    identifies: bool
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    doubtful: bool = False
    as_of: bool = False


class Identifying(NamedTuple):
    """For each column that identifies, by its place, the rows in which it has a value; and for each row, their number.
    `left_out` do not identify, each for its reason; `merging` identify, and their reasons speak against it; `doubtful`
    are those of them that a person has to decide about."""

    present: Mapping[int, Sequence[bool]]
    counts: Sequence[int]
    left_out: Mapping[int, str] = {}
    merging: Mapping[int, str] = {}
    doubtful: Collection[int] = ()

    def without_shared(self, place: int, shared: int, joined: str = "") -> Identifying:
        """Without the column at `place`, of which so many values stand on rows of different people; with a doubt about
        it, if many rows have no other identifier and it is not `joined` with another one."""
        why = f"{_values(shared)} of different people"
        if joined:
            return self._without(place, f"not an identifier, because {why}: {joined} together are one")
        if place in self.present and self._only_here(place) > len(self.counts) * MAX_ONLY_SHARED:
            found = self._replace(doubtful=(*self.doubtful, place))
            return found._merging(place, f"{why}: {WOULD_MERGE}")
        return self._without(place, f"not an identifier, because {why}")

    def spared(self, place: int, candidate: Candidate) -> Identifying:
        """Without the column at `place`, if its invalid cells cost more rows than have no other identifier."""
        assert candidate.finding is not None, "only a column with a format loses rows"
        lost = candidate.finding.fit.total - candidate.finding.fit.count
        if len(self.present) < 2 or self._only_here(place) >= lost:
            return self
        return self._without(place, f"not an identifier, because {WOULD_REJECT}")

    def apart(self, place: int, shared: int, key: str) -> Identifying:
        """Without the column at `place`, if so many of its values stand on rows with different values of `key`, and
        fewer rows need it than would be merged: these can be corrected, people who became one cannot."""
        if not shared:
            return self
        different = _different(shared, key)
        if self._only_here(place) > 2 * shared:
            return self._merging(place, f"{different}: {WOULD_MERGE}")
        return self._without(
            place, f"not an identifier, because {different}, and {WOULD_MERGE}: map it with ! as well to merge them"
        )

    def merging_names(self, place: int, shared: int, names: str) -> Identifying:
        """With a doubt about the only identifier, if so many of its values stand on rows with different `names`."""
        return self._merging(place, f"{_different(shared, names)}: {WOULD_MERGE}") if shared else self

    def _merging(self, place: int, why: str) -> Identifying:
        return self._replace(merging={**self.merging, place: why})

    def _without(self, place: int, why: str) -> Identifying:
        found = _identifying({each: rows for each, rows in self.present.items() if each != place})
        return found._replace(left_out={**self.left_out, place: why}, merging=self.merging, doubtful=self.doubtful)

    def effect(self, place: int) -> Effect:
        """What the column at `place` does."""
        if place in self.left_out:
            return Effect(False, (), (self.left_out[place],))
        if place not in self.present:
            return Effect(False)
        rows, missing, only = len(self.present[place]), self.without_any(), self._only_here(place)
        evidence, against = [], [self.merging[place]] if place in self.merging else []
        if only and len(self.present) > 1:
            evidence.append(f"{only:,} of {rows:,} rows have no other identifier")
        if missing and place == min(self.present):
            against.append(f"{missing:,} of {rows:,} rows have no identifier and would be rejected")
        return Effect(True, tuple(evidence), tuple(against), place in self.doubtful)

    def _only_here(self, place: int) -> int:
        return sum(1 for has, count in zip(self.present[place], self.counts, strict=True) if has and count == 1)

    def without_any(self) -> int:
        """The number of rows without an identifier."""
        return self.counts.count(0)

    @property
    def sure(self) -> Mapping[int, Sequence[bool]]:
        """Those of `present` that make no different people one."""
        return {place: rows for place, rows in self.present.items() if place not in self.merging}

    @property
    def suffices(self) -> bool:
        """Whether nearly all rows have an identifier, and none makes different people one."""
        return not self.merging and self.without_any() <= len(self.counts) * (1 - COVERED)


def _values(shared: int) -> str:
    return "1 value is on rows" if shared == 1 else f"{shared:,} values are on rows"


def _different(shared: int, column: str) -> str:
    values = "1 address stands" if shared == 1 else f"{shared:,} addresses stand"
    return f"{values} on rows with different {column}"


def _names_place(chosen: Sequence[Candidate]) -> int | None:
    """The column with the names by which people who share an address differ."""
    fed = {candidate.attribute.name: place for place, candidate in enumerate(chosen)}
    return next((fed[name] for name in NAMES if name in fed), None)


def _identifying(present: Mapping[int, Sequence[bool]]) -> Identifying:
    return Identifying(present, [sum(row) for row in zip(*present.values(), strict=True)])


def _lost(facts: Sequence[Facts], chosen: Sequence[Candidate]) -> bool:
    """Whether rows have no identifier."""
    found = identifying(facts, chosen)
    return not found.present or bool(found.without_any())


def _present(facts: Facts, candidate: Candidate | None = None) -> Sequence[bool]:
    """The rows with a value; placeholders of a key are none."""
    if candidate and candidate.key:
        return candidate.key.present
    return [bool(cell.strip()) for cell in facts.cells.cells]


def _is_new_email(candidate: Candidate) -> bool:
    return candidate.attribute.name == "email" and not candidate.earlier


def _others_suffice(present: Mapping[int, Sequence[bool]], chosen: Sequence[Candidate], email: int) -> bool:
    """Whether another column that surely identifies has a value in every row."""
    others = (place for place in present if place != email and all(present[place]))
    return any(place >= len(chosen) or chosen[place].confidence >= ACCEPTABLE for place in others)  # or it is joined


def _loses_rows(candidate: Candidate, *, alone: bool) -> bool:
    """Whether cells of a column do not fit its format: many, or any if the column does not identify `alone`."""
    return candidate.finding is not None and candidate.finding.fit.share < (MIN_FIT if alone else 1)


def _first_key(present: Mapping[int, Sequence[bool]], chosen: Sequence[Candidate], email: int) -> int | None:
    """The fullest of the other columns that surely identify, the tenant's own number before the others."""
    others = [place for place in present if place != email and chosen[place].confidence >= ACCEPTABLE]
    return max(
        others, key=lambda place: (chosen[place].attribute.name == "crmid", sum(present[place]), -place), default=None
    )


def _keys(facts: Facts, present: Sequence[bool]) -> Sequence[str]:
    """The cells of a key, without its placeholders."""
    return [cell if has else "" for cell, has in zip(facts.cells.cells, present, strict=True)]


def _shared(email: Facts, format: ValueFormat, keys: Sequence[str]) -> int:
    """How many valid addresses stand on rows with different keys."""
    shared = shared_by_different_keys(email.cells.cells, keys)
    return len(Formats().fitting(str(format), shared))


def _may_be_key(facts: Facts, candidate: Candidate, tenant: Tenant) -> bool:
    """Whether no name or earlier mapping says that the column is something else."""
    if candidate.earlier or candidate.shared or is_sure_key(candidate):
        return False
    match = tenant.names.match(facts.name)
    if match is None or match.attribute.name in KEYS:
        return True
    is_own = match.score == OWN_NAME and match.attribute.custom
    return is_own and match.attribute.format.kind is ValueType.TEXT


def _candidate(facts: Facts, key: Key, tenant: Tenant) -> Candidate:
    attribute, exists = _attribute(facts, key, tenant)
    sure = NAMED_KEY if key.named else UNNAMED_KEY if key.sure else PERHAPS
    if key.named and attribute.name == "crmid":
        sure = TENANTS_KEY
    evidence = ("its name says that it is a key", key.evidence) if key.named else (key.evidence,)
    return Candidate(attribute, exists, TEXT, sure, KEY_RANK, evidence, key=key)


def _attribute(facts: Facts, key: Key, tenant: Tenant) -> tuple[Attribute, bool]:
    """The attribute that a key feeds, and whether it exists. Its name is the namespace of its values."""
    own = tenant.names.match(facts.name)
    builtin = attribute_of_key(facts.name) if key.named else None
    if own and own.score == OWN_NAME and own.attribute.custom:
        return own.attribute, True
    if builtin and builtin in tenant.attributes:
        return tenant.attributes[builtin], True
    name, pii = new_name(facts.name, facts.position), is_personal(facts.name)
    if name in tenant.attributes:
        name = name_for_kind(name, ValueType.TEXT)
    label = display_name(name, facts.name)
    return Attribute(name=name, display_name=label, format=TEXT, pii=pii, segmentable=not pii), False
