"""How names are written on pages."""

from __future__ import annotations

import pytest

from services.uploader.console.rendering import breakable


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("rank_of_card", ["rank_", "of_", "card"]),
        ("date-of-birth", ["date-", "of-", "birth"]),
        ("loyaltyCardNumber", ["loyalty", "Card", "Number"]),
        ("XMLRequestID", ["XML", "Request", "ID"]),
        ("größeÄndern", ["größe", "Ändern"]),
        ("address2Street", ["address2", "Street"]),
        ("_id", ["_", "id"]),
        ("trailing_", ["trailing_"]),
        ("plain", ["plain"]),
        ("a<b>_c", ["a&lt;b&gt;_", "c"]),
    ],
)
def test_a_name_breaks_between_its_words(name: str, parts: list[str]) -> None:
    assert breakable(name) == "<wbr>".join(parts)
