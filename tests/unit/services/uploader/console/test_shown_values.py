"""Values of a profile as people read them."""

from __future__ import annotations

import re

import pytest

from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.profiles.fragments import Value
from services.uploader.console.shown_values import shown_value


def attribute(written: str) -> Attribute:
    return Attribute(name="a", display_name="A", format=parse_format(written))


@pytest.mark.parametrize(
    ("value", "format", "words"),
    [
        ("1973-03-08", "date(dd.MM.yyyy)", "8 Mar 1973"),
        ("0033-04-03", "date", "3 Apr 33"),
        ("2024-01-31T09:30:00", "datetime", "31 Jan 2024 09:30"),
        ("2024-01-31T09:30:15", "datetime", "31 Jan 2024 09:30:15"),
        ("2024-01-31T09:30:00+01:00", "datetime", "31 Jan 2024 08:30 UTC 31 Jan 2024 08:30 UTC"),
        ("9999-12-31T23:00:00-05:00", "datetime", "9999-12-31T23:00:00-05:00"),
        ("soon", "date", "soon"),
        ("2024-01-31", "text", "2024-01-31"),
        (True, "boolean", "yes"),
        (False, "boolean", "no"),
        (1204331, "integer", "1204331"),
        ("<b>", "text", "&lt;b&gt;"),
    ],
)
def test_a_value_is_written_as_people_read_it(value: Value, format: str, words: str) -> None:
    assert re.sub("<[^>]*>", "", shown_value(value, attribute(format))) == words


def test_a_date_or_time_keeps_what_is_stored_as_its_title() -> None:
    assert 'title="1973-03-08"' in shown_value("1973-03-08", attribute("date"))
    assert 'title="2024-01-31T09:30:00+01:00"' in shown_value("2024-01-31T09:30:00+01:00", attribute("datetime"))


def test_only_a_time_with_an_offset_is_shown_in_the_zone_of_the_person() -> None:
    assert "data-local" in shown_value("1973-03-08", attribute("date"))
    assert "data-local" in shown_value("2024-01-31T09:30:00", attribute("datetime"))
    assert "data-local" not in shown_value("2024-01-31T09:30:00Z", attribute("datetime"))


def test_a_value_of_an_unknown_attribute_stays_as_it_is() -> None:
    assert shown_value("1973-03-08", None) == "1973-03-08"
