"""The formats that a column offers, in words."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.coercion import coercer
from services.uploader.console.format_choices import format_choices, format_in_words


def attribute(written: str) -> Attribute:
    return Attribute(name="a", display_name="A", format=parse_format(written))


def values(chosen: str, suggested: str, of: str | None) -> list[str]:
    return [each.value for each in format_choices(chosen, suggested, attribute(of) if of else None)]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("date(d-MMM-yy)", "d-MMM-yy (31-Jan-24)"),
        ("date(MM/dd/yyyy)", "MM/dd/yyyy (01/31/2024)"),
        ("date(d MMMM yyyy[nl])", "d MMMM yyyy[nl] (31 January 2024)"),
        ("date", "yyyy-MM-dd (2024-01-31)"),
        ("date(dd.MM.yyyy|iso8601)", "dd.MM.yyyy (31.01.2024) or iso8601 (2024-01-31 09:30)"),
        ("datetime(yyyy-MM-dd'T'HH:mm)", "yyyy-MM-dd'T'HH:mm (2024-01-31T09:30)"),
        ("datetime(epoch_second)", "epoch_second (seconds since 1970)"),
        ("decimal(1.234,56)", "Decimal comma (1.234,56)"),
        ("decimal(1,234.56)", "Decimal point (1,234.56)"),
        ("decimal(1,234.56|1.234,56)", "Decimal point (1,234.56) or Decimal comma (1.234,56)"),
        ("integer(1.234|1,234)", "Whole number (1.234 or 1,234)"),
        ("decimal", "Decimal point (1234.56)"),
        ("integer(1.234)", "Whole number (1.234)"),
        ("boolean(ja|nee)", "Yes or no, ja | nee"),
        ("dates(", "dates("),
    ],
)
def test_a_format_is_in_words_with_an_example(written: str, words: str) -> None:
    assert format_in_words(written) == words


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ("date(dd/MM/yyyy|yyyy-MM-dd)", "date"),
        ("datetime(iso8601|d-MMM-yy)", "datetime"),
        ("datetime(dd/MM/yyyy'd'HH:mm)", "datetime"),
        ("decimal(1.234,56)", "decimal"),
        ("integer", "integer"),
        ("phone(NL)", "phone"),
        ("text", "text"),
    ],
)
def test_each_choice_exists_and_gives_values_of_the_attribute(chosen: str, kind: str) -> None:
    offered = values(chosen, chosen, kind)
    assert offered[:2] == ["", chosen] or offered[0] == chosen == kind
    assert len(offered) == len(set(offered))
    for each in offered[1:]:
        coercer(parse_format(each))
        assert parse_format(each).writes_as(parse_format(kind))


def test_day_and_month_can_be_exchanged() -> None:
    assert "date(MM/dd/yyyy|iso8601)" in values("date(dd/MM/yyyy|iso8601)", "", "date")
    assert "datetime(MM/dd/yyyy'd'HH:mm)" in values("datetime(dd/MM/yyyy'd'HH:mm)", "", "datetime")


def test_a_suggestion_stays_among_the_choices() -> None:
    assert "date(d.M.yy)" in values("date(d/M/yy)", "date(d.M.yy)", "date")


@pytest.mark.parametrize("chosen", ["date(d/M/yyyy)", "date(iso8601)", "", "date(d/M/yy)"])
def test_the_chosen_format_does_not_move_the_others(chosen: str) -> None:
    others = values("date(d/M/yy)", "date(d/M/yy)", "date")
    assert values(chosen, "date(d/M/yy)", "date") == others
    assert values("date(d MMM yy)", "date(d/M/yy)", "date") == [*others, "date(d MMM yy)"]


def test_the_format_of_the_attribute_is_there_once() -> None:
    words = [each.words for each in format_choices("integer", "integer", attribute("integer"))]
    assert words[0] == "As the attribute: Whole number (1234)"
    assert "Whole number (1234)" not in words


def test_a_new_attribute_can_be_a_text_and_an_enum_has_its_own_options_only() -> None:
    assert values("integer", "integer", None)[:2] == ["", "integer"]
    assert format_choices("integer", "", None)[0].words == "Text"
    assert values("", "", "enum(a|b)") == [""]
