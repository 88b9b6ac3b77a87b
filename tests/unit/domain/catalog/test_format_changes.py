"""A change of format that is allowed keeps every stored value a value of the new format, in the same form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.catalog.format_changes import keeps_values
from penstock.domain.mapping.attributes import ValueFormat, ValueType, parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.profiles.identity import NodeHasher

WRITTEN = [
    *("text", "integer", "integer(1.234)", "decimal", "decimal(1.234,56)", "boolean", "boolean(ja|nee)"),
    *("date", "date(dd/MM/yyyy)", "datetime", "datetime(yyyy-MM-dd HH:mm)", "email", "phone", "phone(NL)", "url"),
    *("enum(gold|silver)", "enum(silver|gold|bronze)", "enum(bronze)"),
]
CELLS = {
    ValueType.TEXT: [" Padded ", "gold", "12", "2026-01-31"],
    ValueType.INTEGER: ["12", "1.234", "-7"],
    ValueType.DECIMAL: ["12.50", "1.234,56", "-0.5"],
    ValueType.BOOLEAN: ["true", "ja", "nee", "0"],
    ValueType.DATE: ["2026-01-31", "31/01/2026"],
    ValueType.DATETIME: ["2026-01-31T10:00:00Z", "2026-01-31 10:00"],
    ValueType.EMAIL: ["Ann@Example.com"],
    ValueType.PHONE: ["+31612345678", "06 1234 5678"],
    ValueType.URL: ["https://example.com/a?b=c"],
    ValueType.ENUM: ["gold", "silver", "bronze"],
}
HASHER = NodeHasher("id", b"h" * 32)
formats = st.sampled_from([parse_format(each) for each in WRITTEN])


def stored_values(format: ValueFormat) -> list[object]:
    """What cells of every kind come to in this format."""
    cells = [cell for cells in CELLS.values() for cell in cells]
    values, errors = coercer(format).coerce_column(cells)
    return [value for at, value in enumerate(values) if at not in errors and value is not None]


@given(old=formats, new=formats)
def test_stored_values_remain_valid_in_the_new_format(old: ValueFormat, new: ValueFormat) -> None:
    if keeps_values(old, new, identifier=False):
        assert stored_values(old)
        for value in stored_values(old):
            assert coercer(new.plain).coerce_cell(_cell(value)) == value


@given(old=formats, new=formats)
def test_an_identifier_is_found_as_before(old: ValueFormat, new: ValueFormat) -> None:
    if keeps_values(old, new, identifier=True):
        for value in stored_values(old):
            assert isinstance(value, str | int)
            assert HASHER.node(value, old) == HASHER.node(value, new)


@pytest.mark.parametrize(
    ("old", "new", "plain", "identifier"),
    [
        ("enum(gold|silver)", "enum(silver|gold|bronze)", True, True),
        ("enum(gold|silver)", "enum(gold)", False, False),
        ("date(dd/MM/yyyy)", "date(dd/MM/yyyy|d MMM yyyy)", True, True),
        ("phone(NL)", "phone(DE)", True, True),
        ("decimal", "decimal(1.234,56)", True, True),
        ("email", "text", True, False),
        ("date", "text", True, False),
        ("integer", "text", False, False),
        ("boolean", "text", False, False),
        ("text", "email", False, False),
        ("integer", "decimal", False, False),
        ("date", "datetime", False, False),
    ],
)
def test_which_changes_are_allowed(old: str, new: str, plain: bool, identifier: bool) -> None:
    for is_identifier, allowed in ((False, plain), (True, identifier)):
        assert keeps_values(parse_format(old), parse_format(new), identifier=is_identifier) is allowed


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
