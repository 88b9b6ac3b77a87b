"""What every coercer promises, whatever its format."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion import REASONS, Coercer, CoercionError, Value, coercer

FORMATS = (
    *("text", "integer", "decimal", "boolean", "date", "date(d.M.yyyy)", "datetime", "datetime(yyyyMMdd HH:mm)"),
    *("email", "phone", "phone(NL)", "phone(US)", "url", "enum(gold|silver|ünique)"),
    *("decimal(1.234,56)", "decimal(1,234.56)", "decimal(1 234,56)", "decimal(12,34,567.89)", "decimal(1234,56)"),
    *("integer(1.234)", "integer(1'234)", "integer(1234)", "boolean(ja,j|nee,n)", "boolean(sí|no)"),
    *("date(dd/MM/yyyy|yyyy-MM-dd|d MMM yy)", "date(d MMMM yyyy[nl])", "datetime(M/d/yyyy h:mm a|yyyyMMdd H)"),
    "phone(@country|NL)",
)
COERCERS = {written: coercer(parse_format(written)) for written in FORMATS}

# Cells that fit some format, so that a mutation of one nearly fits.
NEAR = (
    *("7", "-007", "9223372036854775807", "-9223372036854775808", "12.50", "1e3", "-0.0", "true", "No", "gold"),
    *("ünique", "2024-02-29", "29.2.2024", "2024-02-29T23:59:59.5+01:00", "20240229 23:59", "anna@example.org"),
    *("1.234,56", "1,234.56", "€ 1\u202f234,-", "(12,34,567.89)", "1'234-", "$-5.", "JA", "Si\u0301", "n"),
    *("29/02/2024", "29 feb. 24", "29 februari 2024", "1/31/2024 12:05 p.m.", "20240229 9"),
    *("Info@GMAIL.com", "+31612345678", "06-12345678", "(212) 555-1234", "0031 20 624 1111", "https://example.com/a?b"),
)
NASTY = st.text(
    st.sampled_from(" \t\n\r\x0b\x00\x1c\x85\u00a0\u2028\u200b٣７²½ +-.@/0123459aeTZ'=\"😀\u202e"), max_size=12
)


@st.composite
def near_cells(draw: st.DrawFn) -> str:
    cell = draw(st.sampled_from(NEAR))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(cell)))
        cell = cell[:at] + draw(st.sampled_from([" ", "_", "\n", "٣", "0", "e", ".", "\u00a0"])) + cell[at:]
    return draw(st.sampled_from(["", " ", "\t"])) + cell + draw(st.sampled_from(["", " ", "\n"]))


def one_by_one(coercer: Coercer, cells: list[str]) -> tuple[list[Value | None], dict[int, str]]:
    values: list[Value | None] = []
    errors: dict[int, str] = {}
    for index, cell in enumerate(cells):
        try:
            values.append(coercer.coerce_cell(cell))
        except CoercionError as error:
            values.append(None)
            errors[index] = error.code
    return values, errors


@pytest.mark.parametrize("written", FORMATS)
@settings(deadline=None)  # the first number of a country compiles its plan
@given(cells=st.lists(near_cells() | NASTY | st.text(max_size=8), max_size=6))
def test_a_column_is_its_cells(written: str, cells: list[str]) -> None:
    fresh = coercer(parse_format(written))
    expected = one_by_one(fresh, cells)
    for attempt in (COERCERS[written], fresh, coercer(parse_format(written))):  # whatever each has seen before
        values, errors = attempt.coerce_column(cells)
        assert (values, errors) == expected
        assert list(map(type, values)) == list(map(type, expected[0]))
        assert set(errors.values()) <= set(REASONS)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("blank", ["", " ", "\t ", "\u00a0", "\n", "\u3000"])
def test_a_blank_cell_has_no_value_and_no_error(written: str, blank: str) -> None:
    assert COERCERS[written].coerce_column([blank, blank]) == ([None, None], {})
    assert COERCERS[written].coerce_cell(blank) is None


@pytest.mark.parametrize("written", FORMATS)
def test_an_empty_column(written: str) -> None:
    assert COERCERS[written].coerce_column([]) == ([], {})


@pytest.mark.parametrize(
    ("written", "cell", "code"),
    [
        ("integer", "12x", "not_an_integer"),
        ("integer", "9223372036854775808", "integer_out_of_range"),
        ("decimal", "1,5", "not_a_decimal"),
        ("boolean", "maybe", "not_a_boolean"),
        ("date", "2023-02-29", "not_a_date"),
        ("datetime", "2024-01-31T24:00", "not_a_datetime"),
        ("email", "secret@", "not_an_email"),
        ("phone", "0612345678", "not_a_phone"),
        ("url", "secret.example.com", "not_a_url"),
        ("enum(gold|silver)", "Gold", "not_an_option"),
        *((written, "0" * 1_025, "value_too_long") for written in FORMATS if written not in ("text", "url")),
        ("url", "https://example.com/" + "a" * 2_029, "value_too_long"),
    ],
)
def test_a_coercion_error_has_a_code_and_never_the_cell(written: str, cell: str, code: str) -> None:
    with pytest.raises(CoercionError) as caught:
        coercer(parse_format(written)).coerce_cell(cell)
    assert caught.value.code == code
    assert caught.value.args == (code,)
    assert coercer(parse_format(written)).coerce_column(["", cell]) == ([None, None], {1: code})


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("text", "0" * 32_768),
        ("integer", "0" * 1_023 + "7"),
        ("decimal", "0." + "0" * 998 + "1"),
        ("url", "https://example.com/" + "a" * 2_028),
        ("url", f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/?q={'%20' * 500}"),
        *((written, f"{near}{' ' * 4_000}") for written, near in (("date", "2024-01-31"), ("email", "a@example.org"))),
    ],
)
def test_a_text_within_the_limit_is_accepted(written: str, cell: str) -> None:
    value = coercer(parse_format(written)).coerce_cell(cell)
    assert value is not None
    assert coercer(parse_format(written)).coerce_column([cell]) == ([value], {})


def test_the_error_of_a_value_that_is_too_long_states_the_limit() -> None:
    assert "1,024" in REASONS["value_too_long"].hint
    assert "2,048" in REASONS["value_too_long"].hint


def test_every_reason_has_a_hint() -> None:
    assert len(REASONS) == 12
    for reason in REASONS.values():
        assert reason.message.endswith(".")
        assert reason.hint.endswith(".")


@pytest.mark.parametrize(
    "written",
    [
        *("date(dd/MM)", "date(yyyy-MM-ddXXX)", "date(dd/MM/yyyy dd)", "date(dMyyyy)", "date('x)"),
        *(
            "datetime(epoch)",
            "datetime(epoch_millis[nl])",
            "date(dd/MM/yyyy|iso)",
            "datetime(yyyy-MM-dd mm)",
            "datetime(yyyy-MM-dd HH:mm:SSS)",
            "datetime(HH:mm)",
        ),
        *("date(yy-MM)", "date(dd/MM/yyyy|)", "date(d MMMM yyyy[xx])", "date(dMMMyyyy[ja])", "date(dd/MM/yyyy[nl])"),
        *("date(dd/MM/yyyy[1930])", "date(" + "|".join(["dd/MM/yyyy"] * 17) + ")", "datetime(yyyy-MM-dd hh:mm)"),
        *("datetime(yyyy-MM-dd HH:mm a)", "datetime(yyyy-MM-dd H'h'mm a)", "datetime(yyyy-MM-dd Hmm)"),
        *("decimal(1.234)", "decimal(1)", "decimal(1,234,56)", "decimal(1.23,4)", "decimal(1_234.5)", "decimal(x)"),
        *("integer(1.23)", "integer(1,234.5)", "integer(1.234,567)", "integer(-1)", f"integer({'1' * 33})"),
        *("boolean(ja)", "boolean(ja|)", "boolean(ja|nee|nooit)", "boolean(ja|JA)", "boolean(,|nee)"),
        *(f"boolean({'a' * 65}|b)", "boolean(" + ",".join(map(str, range(65))) + "|x)", "boolean(a,a|b)"),
        *("phone(@)", "phone(@|NL)", "phone(@country|XX)", "phone(@a|b|c)"),
        *("phone(XX)", "phone(31)", "enum(|)", "enum(a||b)", "enum(a|a)", "enum(a| b)"),
        f"enum(a|{'b' * 256})",
    ],
)
def test_a_wrong_argument_is_refused_with_a_hint(written: str) -> None:
    with pytest.raises(Refused) as caught:
        coercer(parse_format(written))
    assert caught.value.code == "invalid_format"
    assert "such as" in caught.value.faults[0].hint or "For example" in caught.value.faults[0].hint


def test_slow_libraries_are_imported_only_for_their_columns() -> None:
    code = (
        "import sys; from penstock.domain.mapping.attributes import parse_format;"
        "from penstock.domain.mapping.coercion import coercer;"
        "slow = {'phonenumbers', 'email_validator'};"
        "[coercer(parse_format(f)) for f in ('text', 'integer', 'date', 'url')]; assert not slow & set(sys.modules);"
        "[coercer(parse_format(f)) for f in ('email', 'phone')]; assert slow <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
