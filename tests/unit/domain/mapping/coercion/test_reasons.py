"""Hints that say how the cells of a column are written."""

from __future__ import annotations

import pytest

from penstock.domain.files.row_reasons import reason_of
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion.reasons import instruction_for


@pytest.mark.parametrize(
    ("code", "format", "hint"),
    [
        ("not_a_boolean", "boolean(ja,j|nein,n)", "Write ja or j for yes, nein or n for no, or give"),
        ("not_a_date", "date(d.M.yyyy|yyyy-MM-dd)", "Write an existing day as d.M.yyyy or yyyy-MM-dd, or give"),
        ("not_a_decimal", "decimal(1.234,56)", "Write it as 1.234,56, or give"),
        ("not_a_decimal", "decimal(1.234,56|1,234.56)", "Write it as 1.234,56 or 1,234.56, or give"),
        ("not_an_option", "enum(gold|silver)", "Write one of gold, silver, or add"),
        ("not_a_phone", "phone(CH)", "Without one, it is read as a number of CH."),
        ("not_a_phone", "phone(@Land)", "a number of the country in the column Land."),
        ("unknown_country", "phone(@Land|DE)", "or correct the country in Land, or give the column Land a value map"),
        ("not_a_phone", "phone(@Land|DE)", "a number of the country in the column Land, or of DE where that is blank."),
    ],
)
def test_a_hint_names_the_columns_own_notation(code: str, format: str, hint: str) -> None:
    assert hint in reason_of(code, parse_format(format)).hint


@pytest.mark.parametrize(
    ("format", "way"),
    [
        ("email", "Write one address, such as name@example.com"),
        ("integer", "Write digits only, such as 42 or -7"),
        (
            "date(dd.MM.yyyy|d.M.yy[1927])",
            "Write an existing day as dd.MM.yyyy or d.M.yy, where two digits are a year",
        ),
        ("text", None),
    ],
)
def test_every_typed_column_says_what_to_write(format: str, way: str | None) -> None:
    assert (instruction_for(parse_format(format)) or "").startswith(way or "")
    assert (instruction_for(parse_format(format)) is None) is (way is None)
    assert "[" not in (instruction_for(parse_format(format)) or "")


@pytest.mark.parametrize(("code", "format"), [("not_a_boolean", "boolean"), ("wrong_field_count", "date(d.M.yyyy)")])
def test_other_hints_stay_as_they_are(code: str, format: str) -> None:
    assert reason_of(code, parse_format(format)) == reason_of(code)
