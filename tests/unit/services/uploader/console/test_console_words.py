"""The words for formats and attributes."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import Attribute
from services.uploader.console.words import attribute_words, format_words, option_words


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


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("blanks", None, "none"),
        ("blanks", ("invitación", "n/a"), "invitación, n/a"),
        ("columns", ("first", "last"), "first, last"),
        ("values", {"y": "yes"}, "y → yes"),
        ("as_of", None, "no"),
        ("identifier", True, "yes"),
        ("separator", " ", "a space"),
        ("separator", None, "—"),
        ("split", "|", "“|”"),
        ("policy", "keep_first", "The first value stays"),
        ("on_misfit", "drop", "is left out, its row is not"),
        ("part", -1, "-1"),
    ],
)
def test_an_option_of_a_column_in_words(option: str, value: object, words: str) -> None:
    assert option_words(option, value) == words


def test_an_attribute_is_called_by_its_display_name() -> None:
    known = {"hm": Attribute(name="hm", display_name="Mobile at home")}
    assert attribute_words("hm", known) == "Mobile at home"
    assert attribute_words("first_name", known) == "First name"
