"""The ranking of a tenant's identifiers: which of a row's identifiers is the home of the person.

A row is stored at the node of its highest-ranking identifier, whatever the order of its mapping. So the order of
identifiers that requests have used is fixed: another one would count the people who are stored already a second time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_RANKED_IDENTIFIERS, check_number
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.mapping.builtin_attributes import BUILTIN

DEFAULT = ("crmid", "loyalty_id", "email", "phone", "mobile")
_SHARED_BY_FAMILIES = {ValueType.EMAIL: 1, ValueType.PHONE: 2}  # keys of other systems come before both


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """`identifiers` are names of attributes, the highest rank first; the first `fixed` can no longer change.

    `chosen`: a person has set the order.
    """

    identifiers: tuple[str, ...] = DEFAULT
    fixed: int = 0
    chosen: bool = False
    revision: int = 0

    def ranked(self, names: Sequence[str]) -> tuple[str, ...]:
        """`names`, all of them in the ranking, by rank."""
        return tuple(sorted(names, key=self.identifiers.index))


def with_used(ranking: Ranking, used: Sequence[Attribute]) -> Ranking:
    """The ranking once a request uses these identifiers. Raises `Refused` (too_many_ranked_identifiers).

    New ones go to the end of an order that a person has chosen; otherwise keys of other systems go before e-mail
    addresses, and these before phone numbers, as far as the order is not fixed.
    """
    order = list(ranking.identifiers)
    formats = {name: BUILTIN[name].format for name in DEFAULT} | {each.name: each.format for each in used}
    for attribute in used:
        if attribute.name not in order:
            order.insert(
                len(order) if ranking.chosen else _place(order, ranking.fixed, attribute, formats), attribute.name
            )
    _check_size(order)
    fixed = max([ranking.fixed, *(order.index(each.name) + 1 for each in used)])
    return replace(ranking, identifiers=tuple(order), fixed=fixed)


def reordered(ranking: Ranking, names: Sequence[str]) -> Ranking:
    """The ranking in the order that a person chose.

    Raises `Refused`: ranking_fixed, repeated_identifier, too_many_ranked_identifiers.
    """
    _check_size(names)
    if len(set(names)) < len(names):
        raise refusal("repeated_identifier", "the ranking has an identifier twice", "List each identifier once.")
    fixed = ranking.identifiers[: ranking.fixed]
    if tuple(names[: len(fixed)]) != fixed:
        raise refusal(
            "ranking_fixed",
            f"the order of {', '.join(fixed)} is fixed, because requests have used it",
            "Keep these first and in this order, and list others after them: a row's lower identifiers find the person "
            "as well. Undone requests have used them too.",
        )
    return replace(ranking, identifiers=tuple(names), chosen=True)


def _place(order: Sequence[str], fixed: int, attribute: Attribute, formats: dict[str, ValueFormat]) -> int:
    """Before the first identifier after the fixed ones that is shared by more people."""
    weight = _SHARED_BY_FAMILIES.get(attribute.format.kind, 0)
    weaker = (
        at
        for at in range(fixed, len(order))
        if order[at] in formats and _SHARED_BY_FAMILIES.get(formats[order[at]].kind, 0) > weight
    )
    return next(weaker, len(order))


def _check_size(names: Sequence[str]) -> None:
    check_number(
        len(names),
        MAX_RANKED_IDENTIFIERS,
        code="too_many_ranked_identifiers",
        what="identifiers in the ranking",
        hint="Use existing identifiers, or map these columns as plain attributes.",
    )
