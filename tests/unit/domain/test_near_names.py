"""The known name that a mistyped one may have meant."""

from __future__ import annotations

import pytest

from penstock.domain.limits import MAX_DATA_SOURCES
from penstock.domain.near_names import nearest_name
from tests.support.cost import MOST_SECONDS, seconds

NAMES = ["crm", "store_pos", "webshop"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("crn", "crm"),
        ("cmr", "crm"),
        ("CRM", "crm"),
        ("store-pos", "store_pos"),
        ("webshp", "webshop"),
        ("crm", "crm"),
        ("loyalty", None),
        ("", None),
        ("x" * 1_000_000, None),
    ],
)
def test_nearest_name(name: str, near: str | None) -> None:
    assert nearest_name(name, NAMES) == near


def test_nearest_name_among_none() -> None:
    assert nearest_name("crm", []) is None


def test_the_nearer_of_two_is_named() -> None:
    assert nearest_name("orders_eu", ["orders", "orders_e", "orders_us"]) == "orders_e"


def test_a_name_is_found_among_a_thousand_that_are_like_it() -> None:
    assert nearest_name("shop_0421_nl", [f"shop_{number:04}_n" for number in range(1_000)]) == "shop_0421_n"


@pytest.mark.parametrize("name", ["s" + "ba" * 31, "ab" * 31 + "a", "a" * 63, "ba" * 500])
def test_a_name_costs_little_among_as_many_as_a_tenant_may_have(name: str) -> None:
    names = ["ab" * 26 + f"{number:010b}".translate({48: "a", 49: "b"}) for number in range(MAX_DATA_SOURCES)]
    assert seconds(lambda: nearest_name(name, names)) < MOST_SECONDS
