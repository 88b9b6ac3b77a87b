"""The words for formats and attributes."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import Attribute
from services.uploader.console.words import attribute_words, format_words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("date(dd/MM/yyyy|d-M-yy)", "Date, dd/MM/yyyy | d-M-yy"),
        ("phone(NL)", "Phone number, country NL"),
        ("phone(@Land)", "Phone number, country in the column Land"),
        ("phone", "Phone number"),
        ("enum(gold|silver)", "One of a list, gold | silver"),
    ],
)
def test_a_format_in_words(written: str, words: str) -> None:
    assert format_words(written) == words


def test_an_attribute_is_called_by_its_display_name() -> None:
    known = {"hm": Attribute(name="hm", display_name="Mobile at home")}
    assert attribute_words("hm", known) == "Mobile at home"
    assert attribute_words("first_name", known) == "First name"
