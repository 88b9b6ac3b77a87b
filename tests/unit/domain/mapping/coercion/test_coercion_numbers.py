"""Whole numbers, decimals, booleans, texts and enumerations."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.domain.mapping.coercion import CoercionError
from penstock.domain.mapping.coercion.booleans import BooleanCoercer
from penstock.domain.mapping.coercion.numbers import DecimalCoercer, IntegerCoercer
from penstock.domain.mapping.coercion.texts import EnumCoercer, TextCoercer


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(("007", 7), ("+5", 5), ("-0", 0), (" 42\t", 42), ("0" * 1_000 + "1", 1)),
        *(("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)), ("-00012", -12)),
        *(("１８４２５", 18425), ("－７", -7)),
    ],
)
def test_a_whole_number(cell: str, number: int) -> None:
    assert IntegerCoercer().coerce_cell(cell) == number


@pytest.mark.parametrize("cell", ["1_000", "٣", "²", "1.0", "1e3", "--1", "+", "1 000", "0x10", "\u00a05", "NaN"])
def test_not_a_whole_number(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_an_integer"):
        IntegerCoercer().coerce_cell(cell)


@pytest.mark.parametrize("cell", [str(2**63), str(-(2**63) - 1), "9" * 1_000])
def test_a_whole_number_of_more_than_64_bits(cell: str) -> None:
    with pytest.raises(CoercionError, match="integer_out_of_range"):
        IntegerCoercer().coerce_cell(cell)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 3))
def test_every_whole_number_of_64_bits_is_read(number: int, zeros: int) -> None:
    cell = f"{'-' if number < 0 else ''}{'0' * zeros}{abs(number)}"
    assert IntegerCoercer().coerce_column([cell]) == ([number], {})


@pytest.mark.parametrize(
    ("cell", "canonical"),
    [
        *(("1e3", "1000"), ("12.50", "12.50"), ("007.10", "7.10"), ("+.5", "0.5"), ("5.", "5"), ("1E-3", "0.001")),
        *(("-0", "0"), ("-0.00", "0.00"), ("0e9", "0"), ("1.5e1", "15"), (" -3.20 ", "-3.20"), ("1e0000003", "1000")),
        *(("0.1" + "0" * 60, "0.1" + "0" * 60), ("1e999", "1" + "0" * 999), ("1e-1000", "0." + "0" * 999 + "1")),
        *(("１２．５０", "12.50"), ("－３", "-3")),
    ],
)
def test_a_decimal_is_exact_and_has_one_form(cell: str, canonical: str) -> None:
    assert DecimalCoercer().coerce_cell(cell) == canonical
    assert DecimalCoercer().coerce_cell(canonical) == canonical


@pytest.mark.parametrize(
    "cell",
    [
        *("NaN", "inf", "-Infinity", "1_0", "٣.٥", "1,5", ".", "e5", "1e", "1e1000", "1e-1001", "1e999999999999999999"),
        *("0e99999", "-1e-9999", "9" * 1_001, "1.0.0", "$5", "1 000.00", "0x1p3"),
    ],
)
def test_not_a_decimal(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_decimal"):
        DecimalCoercer().coerce_cell(cell)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
@example(Decimal("-0"))
def test_a_decimal_keeps_its_value(number: Decimal) -> None:
    values, errors = DecimalCoercer().coerce_column([str(number)])
    assert errors == {}
    assert Decimal(str(values[0])) == number
    assert "E" not in str(values[0])
    assert DecimalCoercer().coerce_column([str(values[0])])[0] == values


@pytest.mark.parametrize(
    ("cells", "value"),
    [(["true", "YES", "y", "T", "1", " True "], True), (["false", "No", "N", "f", "0"], False)],
)
def test_a_boolean(cells: list[str], value: bool) -> None:
    assert BooleanCoercer().coerce_column(cells) == ([value] * len(cells), {})


@pytest.mark.parametrize("cell", ["on", "ja", "2", "tru", "ⓨ", "１", "01"])
def test_not_a_boolean(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_boolean"):
        BooleanCoercer().coerce_cell(cell)


@given(st.text(min_size=1).filter(str.strip))
@example(" 007 ")
@example("=cmd|' /C calc'!A0")
def test_text_stays_exactly_as_it_is(cell: str) -> None:
    assert TextCoercer().coerce_column([cell, ""]) == ([cell, None], {})
    assert TextCoercer().coerce_column([cell]) == ([cell], {})


def test_an_option_is_matched_exactly() -> None:
    enum = EnumCoercer("gold|silver|Très bien")
    assert enum.coerce_column(["gold", " silver ", "Très bien", "Gold", "gold|silver"]) == (
        ["gold", "silver", "Très bien", None, None],
        {3: "not_an_option", 4: "not_an_option"},
    )
