"""How input formats and names are written."""

import pytest

from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import TEXT, ValueFormat, ValueType, check_name, parse_format


@pytest.mark.parametrize(
    ("written", "format"),
    [
        *((kind.value, ValueFormat(kind)) for kind in ValueType if kind is not ValueType.ENUM),
        ("date(dd/MM/yyyy)", ValueFormat(ValueType.DATE, "dd/MM/yyyy")),
        ("datetime(yyyy-MM-dd'T('HH)", ValueFormat(ValueType.DATETIME, "yyyy-MM-dd'T('HH")),
        ("phone(NL)", ValueFormat(ValueType.PHONE, "NL")),
        ("enum(a (b)|c)", ValueFormat(ValueType.ENUM, "a (b)|c")),
    ],
)
def test_a_format_is_read_as_it_is_written(written: str, format: ValueFormat) -> None:
    assert parse_format(written) == format
    assert str(format) == written
    assert parse_format(f" {written} ") == format


@pytest.mark.parametrize("written", ["", "txt", "Text", "(NL)", "phone NL", "phone(NL", "phone(NL)x", "phone)NL("])
def test_an_unknown_format_is_refused_with_the_list_of_formats(written: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_format(written)
    assert caught.value.code == "unknown_format"
    assert all(kind in caught.value.faults[0].hint for kind in ValueType)


@pytest.mark.parametrize("written", ["text(x)", "integer()", "email(NL)", "date()", "phone()", "enum", "enum()"])
def test_an_argument_that_is_missing_or_out_of_place_is_refused(written: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_format(written)
    assert caught.value.code == "invalid_format"
    assert "enum(gold|silver)" in caught.value.faults[0].hint


def test_the_plain_format_is_text() -> None:
    assert parse_format("text") == TEXT


@pytest.mark.parametrize("name", ["a", "crm_id2", "a" * 63])
def test_a_name(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "1a", "_a", "A", "a-b", "a b", "é", "a" * 64, "a\n"])
def test_not_a_name(name: str) -> None:
    with pytest.raises(Refused, match="invalid_name"):
        check_name(name)
