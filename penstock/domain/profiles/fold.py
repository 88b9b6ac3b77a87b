"""The profile: the fold of all visible fragments reachable from an identifier, in two levels.

Fragments hold assertions. First, those of one data source at one node are folded in the order of (as of, request id,
row): of when they were true, then of acceptance, then of the file, whatever the order in which chunks, retries and
parallel uploads arrived. So a clear removes only what its own source said there. What remains is one value for each
attribute, node and source; of these, the one of the source that the tenant ranks first counts, otherwise the latest.
A value of a column that keeps the first counts only where there is no other, the earliest of them first.

The rows of a child count as those of its root: in the place of the line that they correct, new ones after its last
line.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from penstock.domain.limits import MAX_PAST_VALUES
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.fragments import Assertion, Fragment, Value
from penstock.domain.profiles.identity import Node
from penstock.domain.requests.ids import accepted_at_us

MASK = "***"
AFTER_ALL_ROWS = 1 << 62  # the `root_row` of a row that corrects none


class Origin(NamedTuple):
    """Where a value came from; origins sort as they are folded. Rows are lines of a file, the header being line 1.

    `as_of` is when it was true, in microseconds since 1970. `own_id` and `own_row` are those of the row itself,
    `root_id` and `root_row` those of the row whose place it has: its own, unless it is a row of a child.
    """

    as_of: int
    root_id: str
    root_row: int
    own_id: str
    own_row: int

    @property
    def is_new(self) -> bool:
        """Whether it is a row of a child that corrects none."""
        return self.root_row == AFTER_ALL_ROWS

    @property
    def request_id(self) -> str:
        """The request whose file has the line `row`: of a corrected row, the root."""
        return self.own_id if self.is_new else self.root_id

    @property
    def row(self) -> int:
        return self.own_row if self.is_new else self.root_row

    @property
    def corrected_by(self) -> str | None:
        """The request that corrected the row."""
        return None if self.own_id == self.request_id else self.own_id


class AttributeValue(NamedTuple):
    """A value with its origin; `value` is None when it is personal and was not opened."""

    value: Value | None
    origin: Origin
    personal: bool

    def display_value(self) -> Value:
        return MASK if self.value is None else self.value


class PastValue(NamedTuple):
    """What one part of a file asserted about an attribute; of several rows of one person in a part, the row that
    counts. `cleared`: a blank cell removed the value. `ignored`: there is or was another value, and its column keeps
    the first. `is_current`: the profile shows this value."""

    value: Value | None
    origin: Origin
    personal: bool
    cleared: bool
    ignored: bool
    is_current: bool

    def display_value(self) -> Value | None:
        return None if self.cleared else MASK if self.value is None else self.value


class Identifier(NamedTuple):
    namespace: str
    value: Value


class Profile(NamedTuple):
    """`history` has the latest `MAX_PAST_VALUES` of each attribute, the last one folded first; it is empty unless
    requested."""

    identifiers: tuple[Identifier, ...]
    attributes: dict[str, AttributeValue]
    history: Mapping[str, Sequence[PastValue]] = MappingProxyType({})


Ranking = Mapping[str, Sequence[bytes]]  # by attribute, the keys of data sources, the first one before the others
NO_RANKING: Ranking = MappingProxyType({})


def fold(fragments: Iterable[Fragment], roots: Mapping[str, str], ranking: Ranking = NO_RANKING) -> Profile:
    """The same profile for any order and any repetition of `fragments`; `roots` has the root of each child."""
    fragments = list(fragments)
    found: dict[str, list[_SourceValue]] = {}
    for place, statements in _by_place(fragments, roots).items():
        if (value := _first_level(statements)) is not None:
            found.setdefault(place.attribute, []).append(_SourceValue(place.source, *value))
    attributes = {name: _second_level(found[name], ranking.get(name, ())) for name in sorted(found)}
    return Profile(_identifiers(fragments, roots), attributes)


def with_history(profile: Profile, fragments: Iterable[Fragment], roots: Mapping[str, str]) -> Profile:
    """`profile`, the fold of `fragments`, with all that they say about each attribute: the same for any order and any
    repetition of them."""
    found: dict[str, dict[Origin, PastValue]] = {}
    for place, statements in _by_place(fragments, roots).items():
        current = profile.attributes.get(place.attribute)
        found.setdefault(place.attribute, {}).update(_past_values(statements, current))
    return profile._replace(history={name: _latest(found[name]) for name in sorted(found)})


def _latest(values: Mapping[Origin, PastValue]) -> list[PastValue]:
    return [values[origin] for origin in sorted(values)[: -MAX_PAST_VALUES - 1 : -1]]


class _Place(NamedTuple):
    """Where the statements that the first level folds together were made."""

    attribute: str
    node: Node
    source: bytes


class _SourceValue(NamedTuple):
    """What remains of the statements of one source at one node."""

    source: bytes
    origin: Origin
    assertion: Assertion

    @property
    def keeps_first(self) -> bool:
        return self.assertion.policy is WritePolicy.KEEP_FIRST


_Statement = tuple[Origin, Assertion]


def _by_place(fragments: Iterable[Fragment], roots: Mapping[str, str]) -> dict[_Place, list[_Statement]]:
    """The statements about each attribute, in their order and each once."""
    found: dict[_Place, dict[Origin, Assertion]] = {}
    for fragment in fragments:
        key = fragment.key
        for name, assertion in fragment.assertions.items():
            if not assertion.linking:
                place = _Place(name, key.node, key.source)
                found.setdefault(place, {})[_origin(key.request_id, assertion, roots)] = assertion
    return {place: sorted(statements.items(), key=_origin_of) for place, statements in found.items()}


def _origin_of(statement: _Statement) -> Origin:
    return statement[0]


def _first_level(statements: Iterable[_Statement]) -> _Statement | None:
    """The statement whose value remains; None if it was cleared."""
    found: _Statement | None = None
    for statement in statements:
        _, assertion = statement
        if assertion.cleared:
            found = None
        elif found is None or assertion.policy is not WritePolicy.KEEP_FIRST:
            found = statement
    return found


def _second_level(values: Sequence[_SourceValue], ranked: Sequence[bytes]) -> AttributeValue:
    usual = [each for each in values if not each.keeps_first]
    places = {source: len(ranked) - at for at, source in enumerate(ranked)}
    best = (
        max(usual, key=lambda each: (places.get(each.source, 0), each.origin))
        if usual
        else min(values, key=lambda each: each.origin)
    )
    return AttributeValue(best.assertion.value, best.origin, best.assertion.personal)


def _past_values(statements: Sequence[_Statement], current: AttributeValue | None) -> dict[Origin, PastValue]:
    values: dict[Origin, PastValue] = {}
    last, has_value = _first_level(statements), False
    for origin, each in statements:
        is_current = current is not None and current.origin == origin
        loses = has_value or (last is not None and last[0] == origin and not is_current)
        ignored = loses and each.policy is WritePolicy.KEEP_FIRST and not each.cleared
        has_value = not each.cleared
        values[origin] = PastValue(each.value, origin, each.personal, each.cleared, ignored, is_current)
    return values


def masked(profile: Profile, personal: Container[str]) -> Profile:
    """`profile` without the values of attributes that are `personal` by now, which may have been stored as ordinary."""
    return Profile(
        tuple(each._replace(value=MASK) if each.namespace in personal else each for each in profile.identifiers),
        {
            name: value._replace(value=None, personal=True) if name in personal else value
            for name, value in profile.attributes.items()
        },
        {
            name: [each._replace(value=None, personal=True) for each in values] if name in personal else values
            for name, values in profile.history.items()
        },
    )


def _origin(own_id: str, assertion: Assertion, roots: Mapping[str, str]) -> Origin:
    own_row, root_id = assertion.row, roots.get(own_id, own_id)
    as_of = accepted_at_us(root_id) if assertion.as_of is None else assertion.as_of
    if own_id not in roots:
        return Origin(as_of, own_id, own_row, own_id, own_row)
    root_row = AFTER_ALL_ROWS if assertion.root_row is None else assertion.root_row
    return Origin(as_of, root_id, root_row, own_id, own_row)


def _identifiers(fragments: Iterable[Fragment], roots: Mapping[str, str]) -> tuple[Identifier, ...]:
    """The identifier at each fragment's node, once per node, in the newest spelling of rows whose facts are there, or
    else of those that link to it."""
    newest: dict[bytes, tuple[tuple[bool, Origin], Identifier]] = {}
    for fragment in fragments:
        assertion = fragment.assertions.get(fragment.namespace)
        if assertion is None:
            continue
        rank = not assertion.linking, _origin(fragment.key.request_id, assertion, roots)
        identifier = Identifier(fragment.namespace, MASK if assertion.value is None else assertion.value)
        if fragment.key.node not in newest or newest[fragment.key.node][0] < rank:
            newest[fragment.key.node] = (rank, identifier)
    return tuple(
        sorted((identifier for _, identifier in newest.values()), key=lambda each: (each.namespace, str(each.value)))
    )
