"""The profile: the fold of all visible fragments reachable from an identifier.

Fragments hold assertions, which are folded in the order of (request id, row): the order of acceptance, then of the
file, whatever the order in which chunks, retries and parallel uploads arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.fragments import Assertion, Fragment, Value

MASK = "***"


class Origin(NamedTuple):
    """Where a value came from: `row` is the line in the request's file; the header is line 1."""

    request_id: str
    row: int


class AttributeValue(NamedTuple):
    """A value with its origin; `value` is None when it is personal and was not opened."""

    value: Value | None
    origin: Origin
    personal: bool

    def display_value(self) -> Value:
        return MASK if self.value is None else self.value


class Identifier(NamedTuple):
    namespace: str
    value: Value


class Profile(NamedTuple):
    identifiers: tuple[Identifier, ...]
    attributes: dict[str, AttributeValue]


def fold(fragments: Iterable[Fragment]) -> Profile:
    """The same profile for any order and any repetition of `fragments`."""
    attributes: dict[str, AttributeValue] = {}
    for origin, name, assertion in sorted(_assertions(fragments), key=lambda entry: entry[:2]):
        if assertion.cleared:
            attributes.pop(name, None)
        elif not (assertion.policy is WritePolicy.KEEP_FIRST and name in attributes):
            attributes[name] = AttributeValue(assertion.value, origin, assertion.personal)
    return Profile(_identifiers(fragments), dict(sorted(attributes.items())))


def _assertions(fragments: Iterable[Fragment]) -> Iterable[tuple[Origin, str, Assertion]]:
    for fragment in fragments:
        for name, assertion in fragment.assertions.items():
            yield Origin(fragment.key.request_id, assertion.row), name, assertion


def _identifiers(fragments: Iterable[Fragment]) -> tuple[Identifier, ...]:
    """The identifier at each fragment's node, once per node, in its newest spelling."""
    newest: dict[bytes, tuple[Origin, Identifier]] = {}
    for fragment in fragments:
        assertion = fragment.assertions.get(fragment.namespace)
        if assertion is None:
            continue
        origin = Origin(fragment.key.request_id, assertion.row)
        identifier = Identifier(fragment.namespace, MASK if assertion.value is None else assertion.value)
        if fragment.key.node not in newest or newest[fragment.key.node][0] < origin:
            newest[fragment.key.node] = (origin, identifier)
    return tuple(
        sorted((identifier for _, identifier in newest.values()), key=lambda each: (each.namespace, str(each.value)))
    )
