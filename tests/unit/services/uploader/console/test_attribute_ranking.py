"""Moves of identifiers in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.uploader.console.attribute_ranking import reordered

NAMES = ("crmid", "loyalty_id", "email", "phone")
any_name = st.sampled_from(["", "other", *NAMES])


@given(any_name, any_name)
def test_a_move_loses_no_identifier(up: str, down: str) -> None:
    assert sorted(reordered(NAMES, up, down)) == sorted(NAMES)


def test_an_identifier_moves_by_one_place() -> None:
    assert reordered(NAMES, "email", "") == ["crmid", "email", "loyalty_id", "phone"]
    assert reordered(NAMES, "", "email") == ["crmid", "loyalty_id", "phone", "email"]
    assert reordered(NAMES, "crmid", "phone") == list(NAMES)
