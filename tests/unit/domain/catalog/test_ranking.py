"""The ranking of identifiers: where new ones go, and what can no longer change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.catalog.ranking import DEFAULT, Ranking, reordered, with_used
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_RANKED_IDENTIFIERS
from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN

CUSTOM = dict.fromkeys(("member_no", "passport"), "text") | {"work_email": "email", "fax": "phone"}
NAMES = [*DEFAULT, *CUSTOM]
some = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)


def attributes(names: Sequence[str]) -> list[Attribute]:
    return [
        BUILTIN[name]
        if name in BUILTIN
        else Attribute(name=name, display_name=name, format=parse_format(CUSTOM.get(name, "text")))
        for name in names
    ]


def used(*mappings: Sequence[str], ranking: Ranking = Ranking()) -> Ranking:
    for names in mappings:
        ranking = with_used(ranking, attributes(names))
    return ranking


def test_a_new_key_goes_before_addresses_and_a_new_address_before_phone_numbers() -> None:
    assert used(["phone", "work_email", "member_no"]).identifiers == (
        *("crmid", "loyalty_id", "member_no", "email", "work_email", "phone", "mobile"),
    )


def test_a_new_key_goes_after_identifiers_that_were_used() -> None:
    assert used(["phone"], ["member_no"]).identifiers == (
        "crmid",
        "loyalty_id",
        "email",
        "phone",
        "member_no",
        "mobile",
    )


def test_a_new_key_goes_to_the_end_of_a_chosen_order() -> None:
    chosen = reordered(Ranking(), ["email", "crmid"])
    assert used(["member_no"], ranking=chosen).identifiers == ("email", "crmid", "member_no")


def test_an_unused_order_can_be_any() -> None:
    assert reordered(Ranking(), ["phone", "passport"]).identifiers == ("phone", "passport")


def test_identifiers_in_use_keep_their_order_and_others_move_after_them() -> None:
    ranking = used(["loyalty_id"])
    for order in (["loyalty_id", "crmid"], ["passport", "crmid", "loyalty_id"], ["crmid"], []):
        with pytest.raises(Refused, match="ranking_fixed") as caught:
            reordered(ranking, order)
        assert "crmid, loyalty_id" in caught.value.faults[0].message
    assert reordered(ranking, ["crmid", "loyalty_id", "mobile"]).identifiers == ("crmid", "loyalty_id", "mobile")


def test_an_order_with_an_identifier_twice_or_too_many_is_refused() -> None:
    with pytest.raises(Refused, match="repeated_identifier"):
        reordered(Ranking(), ["crmid", "email", "crmid"])
    many = [f"id{number}" for number in range(MAX_RANKED_IDENTIFIERS + 1)]
    with pytest.raises(Refused, match="too_many_ranked_identifiers"):
        reordered(Ranking(), many)
    with pytest.raises(Refused, match="too_many_ranked_identifiers"):
        used(many)


@given(mappings=st.lists(some, min_size=1, max_size=6), chosen=st.none() | some)
def test_two_identifiers_that_were_used_never_change_their_order(
    mappings: list[list[str]], chosen: list[str] | None
) -> None:
    """Whatever is used later, and whatever order a person sets in between, if that is not refused."""
    ranking = used(mappings[0])
    before = ranking.ranked(mappings[0])
    if chosen is not None:
        try:
            ranking = reordered(ranking, chosen)
        except Refused:
            assert tuple(chosen[: ranking.fixed]) != ranking.identifiers[: ranking.fixed]
    after = used(*mappings[1:], ranking=ranking)
    assert after.ranked(mappings[0]) == before
    assert {name for names in mappings for name in names} <= set(after.identifiers[: after.fixed])
    assert len(set(after.identifiers)) == len(after.identifiers)
