"""Columns that look personal and are mapped as plain are warned about, and no others."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.personal import personal_columns

EMAILS = [f"p{number}@gmail.com" for number in range(60)]
PHONES = [f"+31 6 1234 56{number:02}" for number in range(60)]
WORDS = ["shoes", "hats", "coats"] * 20


def warned(name: str, cells: list[str], attribute: Attribute, *, pii: bool = False) -> list[str]:
    column = ColumnMapping(column=name, attribute=attribute.name, pii=pii)
    return [each.message for each in personal_columns(Sample([name], [cells], True), [column], [attribute])]


def plain(name: str, written: str = "text") -> Attribute:
    return Attribute(name=name, display_name=name, format=parse_format(written))


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("contact", EMAILS, "all 60 are e-mail addresses"),
        ("contact", PHONES, "all 60 are phone numbers"),
        ("Vorname", WORDS, "its name means First name"),
        ("passport_no", WORDS, "its name says so"),
    ],
)
def test_a_column_is_personal_by_its_values_or_its_name(name: str, cells: list[str], why: str) -> None:
    (message,) = warned(name, cells, plain("a"))
    assert why in message
    assert not any(cell in message for cell in cells)
    assert warned(name, cells, plain("a"), pii=True) == []


@pytest.mark.parametrize(
    ("name", "cells", "attribute"),
    [
        ("product", WORDS, plain("product")),
        ("city", WORDS, BUILTIN["city"]),
        ("title", WORDS, BUILTIN["job_title"]),
        ("loyalty_card", [f"{number:08}" for number in range(60)], BUILTIN["loyalty_id"]),
        ("email_opt_in", ["yes", "no"] * 30, plain("opt_in", "boolean")),
        ("first_name", WORDS, BUILTIN["first_name"]),
        ("since", ["30.02.1977", "01.04.2011", "04.02.2011"], plain("since", "date(dd.MM.yyyy)")),
        ("customer_no", [f"{number:06}" for number in range(10231, 10291)], BUILTIN["crmid"]),
        ("contact", [*EMAILS[:20], *WORDS[:40]], plain("contact")),
    ],
)
def test_an_ordinary_column_is_not_warned_about(name: str, cells: list[str], attribute: Attribute) -> None:
    assert warned(name, cells, attribute) == []


def test_columns_that_are_made_of_others_are_left_out() -> None:
    constant = ColumnMapping(constant="NL", attribute="country")
    assert personal_columns(Sample(["email"], [EMAILS], True), [constant], [BUILTIN["country"]]) == []
