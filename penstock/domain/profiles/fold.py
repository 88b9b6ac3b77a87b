"""The profile: the fold of all visible fragments reachable from an identifier.

Fragments hold assertions, which are folded in the order of (request id, row): the order of acceptance, then of the
file, whatever the order in which chunks, retries and parallel uploads arrived. The rows of a child count as those of
its root: in the place of the line that they correct, new ones after its last line.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from penstock.domain.limits import MAX_PAST_VALUES
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.fragments import Assertion, Fragment, Value

MASK = "***"
AFTER_ALL_ROWS = 1 << 62  # the `root_row` of a row that corrects none


class Origin(NamedTuple):
    """Where a value came from; origins sort as they are folded. Rows are lines of a file, the header being line 1.

    `own_id` and `own_row` are those of the row itself, `root_id` and `root_row` those of the row whose place it has:
    its own, unless it is a row of a child.
    """

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
    counts. `cleared`: a blank cell removed the value. `ignored`: there was a value, and its column keeps the first.
    `is_current`: the profile shows this value."""

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


def fold(fragments: Iterable[Fragment], roots: Mapping[str, str]) -> Profile:
    """The same profile for any order and any repetition of `fragments`; `roots` has the root of each child."""
    attributes: dict[str, AttributeValue] = {}
    fragments = list(fragments)
    for origin, name, assertion in sorted(_assertions(fragments, roots), key=lambda entry: entry[:2]):
        if assertion.cleared:
            attributes.pop(name, None)
        elif not (assertion.policy is WritePolicy.KEEP_FIRST and name in attributes):
            attributes[name] = AttributeValue(assertion.value, origin, assertion.personal)
    return Profile(_identifiers(fragments, roots), dict(sorted(attributes.items())))


def with_history(profile: Profile, fragments: Iterable[Fragment], roots: Mapping[str, str]) -> Profile:
    """`profile`, the fold of `fragments`, with all that they say about each attribute: the same for any order and any
    repetition of them."""
    found: dict[str, dict[Origin, Assertion]] = {}
    for origin, name, assertion in _assertions(fragments, roots):
        found.setdefault(name, {})[origin] = assertion
    return profile._replace(
        history={name: _past_values(found[name], profile.attributes.get(name)) for name in sorted(found)}
    )


def _past_values(assertions: Mapping[Origin, Assertion], current: AttributeValue | None) -> list[PastValue]:
    values: list[PastValue] = []
    has_value = False
    for origin, each in sorted(assertions.items(), key=lambda item: item[0]):
        ignored = has_value and each.policy is WritePolicy.KEEP_FIRST and not each.cleared
        has_value = not each.cleared
        is_current = current is not None and current.origin == origin
        values.append(PastValue(each.value, origin, each.personal, each.cleared, ignored, is_current))
    return values[: -MAX_PAST_VALUES - 1 : -1]


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


def _assertions(fragments: Iterable[Fragment], roots: Mapping[str, str]) -> Iterable[tuple[Origin, str, Assertion]]:
    for fragment in fragments:
        for name, assertion in fragment.assertions.items():
            yield _origin(fragment, assertion, roots), name, assertion


def _origin(fragment: Fragment, assertion: Assertion, roots: Mapping[str, str]) -> Origin:
    own_id, own_row = fragment.key.request_id, assertion.row
    if own_id not in roots:
        return Origin(own_id, own_row, own_id, own_row)
    root_row = AFTER_ALL_ROWS if assertion.root_row is None else assertion.root_row
    return Origin(roots[own_id], root_row, own_id, own_row)


def _identifiers(fragments: Iterable[Fragment], roots: Mapping[str, str]) -> tuple[Identifier, ...]:
    """The identifier at each fragment's node, once per node, in its newest spelling."""
    newest: dict[bytes, tuple[Origin, Identifier]] = {}
    for fragment in fragments:
        assertion = fragment.assertions.get(fragment.namespace)
        if assertion is None:
            continue
        origin = _origin(fragment, assertion, roots)
        identifier = Identifier(fragment.namespace, MASK if assertion.value is None else assertion.value)
        if fragment.key.node not in newest or newest[fragment.key.node][0] < origin:
            newest[fragment.key.node] = (origin, identifier)
    return tuple(
        sorted((identifier for _, identifier in newest.values()), key=lambda each: (each.namespace, str(each.value)))
    )
