"""Numbers in the notation of an example, and amounts of money."""

import re
import sys
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion import Coercer, CoercionError, coercer
from penstock.domain.mapping.coercion.currencies import SIGNS

EXAMPLES = {"1.234,56": (".", ","), "1,234.56": (",", "."), "1 234,56": ("\u202f", ","), "1'234.56": ("’", ".")}


def reading(written: str) -> Coercer:
    return coercer(parse_format(written))


@pytest.mark.parametrize(
    ("written", "cell", "value"),
    [
        ("decimal(1.234,56)", "1.234.567,89", "1234567.89"),
        ("decimal(1.234,56)", "1234567,8", "1234567.8"),
        ("decimal(1.234,56)", "1.234", "1234"),
        ("decimal(1.234,56)", ",5", "0.5"),
        ("decimal(1.234,56)", "007,50", "7.50"),
        ("decimal(1.234,56)", "0,00-", "0.00"),
        ("decimal(1.234.567,8)", "1.234,56", "1234.56"),
        ("decimal(1 234,56)", "1\u00a0234 567,5", "1234567.5"),
        ("decimal(1'234.56)", "1’234.50", "1234.50"),
        ("decimal(1234,56)", "1234,56", "1234.56"),
        ("decimal(12,34,567.89)", "1,23,45,678.9", "12345678.9"),
        ("decimal(12,34,567.89)", "₹ 999", "999"),
        ("integer(1.234)", "1.234.567", 1234567),
        ("integer(1.234)", "-1.234", -1234),
        ("integer(1234)", "1234 kr.", 1234),
        ("integer(12%)", "12 %", 12),
        ("integer(12 %)", "-7%", -7),
        ("integer(12%)", "12", 12),
        ("decimal(12,5%)", "1234,50\u202f%", "1234.50"),
        ("decimal(1,234.5%)", "1,234.5 ％", "1234.5"),
        ("integer(12%)", "%10", 10),
        ("integer(%12)", "-% 10", -10),
        ("integer(%12)", "10%", 10),
        ("decimal(%12,5)", "%12,5", "12.5"),
        ("integer(1,234)", "332,849円", 332849),
        ("integer(1,234)", "１８４２５円", 18425),
        ("integer(1,234)", "￥158,855", 158855),
        ("decimal(1,234.56)", "１，２３４．５", "1234.5"),
        ("decimal(1,234.56)", "（５００）", "-500"),
        ("decimal(1,234.56)", "72,000원", "72000"),
        ("decimal(1,234.56)", "128元", "128"),
        ("decimal(1,234.56)", "128圓", "128"),
    ],
)
def test_a_number_in_its_notation(written: str, cell: str, value: str | int) -> None:
    assert reading(written).coerce_cell(cell) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("€ 1.234,50", "1234.50"), ("1.234,50 €", "1234.50"), ("€1.234,50", "1234.50"), ("eur 5", "5")),
        *(("5,00\u00a0EUR", "5.00"), ("R$ 5,00", "5.00"), ("kr 5", "5"), ("5 zł", "5"), ("Fr. 5", "5"), ("US$5", "5")),
        *(("2.346,81 TL", "2346.81"), ("TL 5", "5"), ("5 euro", "5"), ("5 Euros", "5")),
        *(("5 บาท", "5"), ("5 lei", "5"), ("1 leu", "1"), ("5,20 лв.", "5.20"), ("5 лв", "5"), ("5 Kč", "5")),
        *(("5 din.", "5"), ("5 ₫", "5"), ("5đ", "5"), ("Rp5.000", "5000"), ("Rp. 5", "5"), ("RM 5", "5"), ("₪5", "5")),
        *(("5,50 د.إ", "5.50"), ("ر.س 5", "5"), ("5 ر.ع.", "5"), ("5 ريال", "5"), ("5 kn", "5")),
        *(("$1.234,50 MXN", "1234.50"), ("US$ 12,00 USD", "12.00"), ("€ 1 EUR", "1"), ("CLP 5 CLP", "5")),
        *(("-$5 CLP", "-5"), ("$ -5 MXN", "-5"), ("($5 MXN)", "-5"), ("R$ 5 brl", "5"), ("$ - MXN", "0")),
        *(("€ 12,-", "12"), ("12,--", "12"), ("CHF 12,–", "12")),
        *(("R$ -", "0"), ("€-", "0"), ("- €", "0"), ("–\u00a0EUR", "0"), ("$  -", "0")),
        *(("-1,5", "-1.5"), ("−1,5", "-1.5"), ("+1,5", "1.5"), ("1,5-", "-1.5"), ("(1,5)", "-1.5")),
        *(("-€ 1,5", "-1.5"), ("€ -1,5", "-1.5"), ("(€ 1,5)", "-1.5"), ("€(1,5)", "-1.5"), ("€ 1,5-", "-1.5")),
        *(("1,5- EUR", "-1.5"), ("(1,5 EUR)", "-1.5"), ("€ 12,00-", "-12.00"), ("-€ 12,-", "-12")),
    ],
)
def test_an_amount_of_money(cell: str, value: str) -> None:
    assert reading("decimal(1.234,56)").coerce_cell(cell) == value


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        *(("decimal(1.234,56)", cell) for cell in ("1.23,4", "1.2345,6", "12.34", "1234.567,8", "1,234.56", "1..234")),
        *(("decimal(1.234,56)", cell) for cell in (".234,5", "1.234,5,6", "1 234,5", "1.234.", ",", "-", "€", "()")),
        *(
            ("decimal(1.234,56)", cell)
            for cell in (
                "--1",
                "€ --",
                "€ - €",
                "x -",
                "€   -",
                "-1-",
                "(-1)",
                "(1",
                "1)",
                "(1)-",
                "((1))",
                "€ 1 €",
                "€ 1 USD",
                "EUR 1 USD",
                "EUR 1 €",
                "kr 1 NOK x",
                "abc$ 1 USD",
                "1 EUR EUR",
                "د.x 1",
            )
        ),
        *(
            ("decimal(1.234,56)", cell)
            for cell in ("€ --", "€ - €", "x -", "€   -", "1 abc", "XYZ 1", "1e3", "5%", "1,5 5", "٣,٥")
        ),
        *(("decimal(1.234,56)", cell) for cell in ("abc$ 5", "5 EU", "5 pieces", "1,2.3")),
        *(("decimal(1 234,56)", cell) for cell in ("12 34,5", "1 234 56", "1.234,5", "1  234,5")),
        *(("decimal(1234,56)", cell) for cell in ("1.234,56", "1 234,56")),
        *(("decimal(12,34,567.89)", cell) for cell in ("1,234,567.8", "123,45,678", "12,34", "0,123", "01,00,000")),
        *(("decimal(1.234,56)", cell) for cell in ("0.123", "0.500", "0.001,5", "€ 0.500", "(0.500)", "00.123")),
    ],
)
def test_not_a_number_in_its_notation(written: str, cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_decimal"):
        reading(written).coerce_cell(cell)


@pytest.mark.parametrize("cell", ["1.23", "1.234,00", "1,234", "12.345.67", "1.5", "(-5)", "0.123"])
def test_not_a_whole_number_in_its_notation(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_an_integer"):
        reading("integer(1.234)").coerce_cell(cell)


def test_a_whole_number_beyond_64_bits_is_refused() -> None:
    with pytest.raises(CoercionError, match="integer_out_of_range"):
        reading("integer(1.234)").coerce_cell("9.223.372.036.854.775.808")
    assert reading("integer(1.234)").coerce_cell("9.223.372.036.854.775.807") == 2**63 - 1


@pytest.mark.parametrize("example", EXAMPLES)
@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**12, min_value=-(10**12)))
def test_every_number_is_read_as_python_writes_it(example: str, number: Decimal) -> None:
    group, point = EXAMPLES[example]
    english = f"{number:,.2f}"
    cells = [english.translate({ord(","): group, ord("."): point}), f"{number:.2f}".replace(".", point)]
    value = f"{number if number else abs(number):.2f}"
    for written in cells:
        positive = written.removeprefix("-")
        spellings = [written, f"{positive}-", f"({positive})"] if number < 0 else [written, f"€ {written}"]
        notated = reading(f"decimal({example})")
        assert notated.coerce_column(spellings) == ([value] * len(spellings), {})
    assert reading("decimal").coerce_column([value]) == ([value], {})  # what is stored is the plain notation


@pytest.mark.parametrize("written", ["decimal(1.234,56)", "integer(1.234)"])
@given(cell=st.from_regex(r"[0-9]{1,3}(\.[0-9]{3}){1,2}(,[0-9])?", fullmatch=True))
def test_thousands_are_separated_only_as_a_whole_number_is_written(written: str, cell: str) -> None:
    """`0.500` is a half with a point in another notation, not five hundred."""
    whole = cell.partition(",")[0]
    [value], _ = reading(written).coerce_column([cell])
    assert value is None or whole == f"{int(float(value)):,}".replace(",", ".")


@given(st.text(st.sampled_from("0123456789.,"), max_size=12))
def test_a_separator_is_never_both(cell: str) -> None:
    """No cell is two different numbers, unless it has a single separator with three digits after it."""
    values = set()
    for example in ("1.234,56", "1,234.56"):
        values |= {value for value in reading(f"decimal({example})").coerce_column([cell])[0] if value is not None}
    separators = [character for character in cell if character in ".,"]
    assert len(values) <= 1 or (len(separators) == 1 and len(cell) - cell.index(separators[0]) == 4)


SEVERAL = ("1,234.56|1.234,56", "1.234,56|1,234.56", "1234.56|1 234,56|1'234.56", "12,5%|1,234.56")


@pytest.mark.parametrize("examples", SEVERAL)
@given(
    cell=st.from_regex(r"(€ ?|\$|-|\()?[0-9]{1,3}([., '][0-9]{3}){0,2}([.,][0-9]{1,3})?( zł|%|\)|-)?", fullmatch=True)
)
def test_of_several_notations_the_first_that_a_cell_fits_decides(examples: str, cell: str) -> None:
    """Column by column and cell by cell, as dates are read with several patterns."""
    single = [reading(f"decimal({each})").coerce_column([cell])[0][0] for each in examples.split("|")]
    first = next((value for value in single if value is not None), None)
    several = reading(f"decimal({examples})")
    assert several.coerce_column([cell]) == ([first], {} if first is not None else {0: "not_a_decimal"})
    if first is not None:
        assert several.coerce_cell(cell) == first


@pytest.mark.parametrize(
    ("written", "cell", "value"),
    [
        ("decimal(1,234.56|1.234,56)", "€1,234.50", "1234.50"),
        ("decimal(1,234.56|1.234,56)", "1.234,50 €", "1234.50"),
        ("decimal(1,234.56|1.234,56)", "1.234", "1.234"),
        ("decimal(1.234,56|1,234.56)", "1.234", "1234"),
        ("decimal(1,234.56|1 234,56|1'234.56)", "CHF 1'234.50", "1234.50"),
        ("decimal(1,234.56|1 234,56)", "XOF 1 234", "1234"),
        ("integer(1.234|1,234)", "1,234", 1234),
    ],
)
def test_a_cell_in_one_of_several_notations(written: str, cell: str, value: str | int) -> None:
    assert reading(written).coerce_column([cell]) == ([value], {})


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("decimal(1.234,56|)", "it is empty"),
        ("decimal(1.234,56|1.234)", "it has no decimals"),
        ("integer(1.234|1.234,5)", "has no decimals"),
        ("decimal(1.234,56|1.23,4.5)", "'1.23,4.5' is not an example"),
        (f"decimal({'|'.join(['1.234,56'] * 9)})", "9 examples"),
    ],
)
def test_a_wrong_example_among_several_is_named(written: str, why: str) -> None:
    with pytest.raises(Refused, match=re.escape(why)):
        reading(written)


@pytest.mark.parametrize(
    "written", ["1 234,50 zl", "5 р.", "5 FCFA", "S/ 5", "S/.5", "RD$ 5", "5 USD.", "5 dhs", "5 Kc"]
)
def test_abbreviations_of_currencies(written: str) -> None:
    assert reading("decimal(1 234,56)").coerce_column([written])[1] == {}


def test_every_currency_sign_of_unicode_is_one() -> None:
    signs = {chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Sc"}
    for sign in signs:
        if sign <= "\uffff":
            assert reading("decimal(1.234,56)").coerce_column([f"{sign}5", f"5 {sign}"]) == (["5", "5"], {}), hex(
                ord(sign)
            )
    assert "$" in SIGNS
