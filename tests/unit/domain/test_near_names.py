"""The known name that a mistyped one may have meant."""

from __future__ import annotations

import pytest

from penstock.domain.near_names import nearest_name

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
