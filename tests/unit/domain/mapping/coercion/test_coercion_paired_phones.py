"""Phone numbers whose region is in another column."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.limits import MAX_COUNTRY
from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import Value, coercer
from penstock.domain.mapping.coercion.paired_phones import PairedPhoneCoercer

REGION_OF = {"NL": "NL", "Nederland": "NL", "deu": "DE", "Estados Unidos": "US", "": None, "Atlantis": None, "AQ": None}
REGIONS = ("NL", "DE", "US", "GB", "BR", "IT")
EXAMPLES = [
    phonenumbers.format_number(example, form)
    for region in REGIONS
    if (example := phonenumbers.example_number(region)) is not None
    for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
]
CELLS = st.sampled_from([*EXAMPLES, "0612345678", "(212) 555-1234", "", " ", "12", "+31 20 123 4567 ext. 12", "secret"])


def paired(argument: str) -> PairedPhoneCoercer:
    made = coercer(ValueFormat(ValueType.PHONE, argument))
    assert isinstance(made, PairedPhoneCoercer)
    return made


def as_the_library(cell: str, region: str | None) -> str | None:
    """The oracle: one cell, one call of the library."""
    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


@pytest.mark.parametrize(("argument", "fallback"), [("@country|NL", "NL"), ("@country", None)])
@settings(deadline=None)
@given(rows=st.lists(st.tuples(CELLS, st.sampled_from(sorted(REGION_OF))), max_size=12))
def test_each_cell_is_parsed_in_the_region_of_its_row(
    argument: str, fallback: str | None, rows: list[tuple[str, str]]
) -> None:
    values, errors = paired(argument).coerce_pairs([cell for cell, _ in rows], [country for _, country in rows])
    expected: list[Value | None] = [
        as_the_library(cell, REGION_OF[country] if country else fallback) for cell, country in rows
    ]
    assert values == expected
    assert errors.keys() == {at for at, (cell, _) in enumerate(rows) if cell.strip() and expected[at] is None}


@pytest.mark.parametrize(
    ("cell", "country", "outcome"),
    [
        ("021 773 6394", "", "+61217736394"),
        ("021 773 6394", " ", "+61217736394"),
        ("021 773 6394", "New Zealand", "+64217736394"),
        ("021 773 6394", "Atlantis", "unknown_country"),
        ("(021) 773-6394", "x" * (MAX_COUNTRY + 1), "unknown_country"),
        ("+64 21 773 6394", "Atlantis", "+64217736394"),
        ("0064 21 773 6394", "Atlantis", "+64217736394"),
        ("0064 21", "Atlantis", "not_a_phone"),
        ("+64 21", "Atlantis", "not_a_phone"),
        ("call me", "Atlantis", "not_a_phone"),
        ("12", "Atlantis", "not_a_phone"),
    ],
)
def test_a_number_of_an_unknown_country_is_never_one_of_the_fallback(cell: str, country: str, outcome: str) -> None:
    """It may be valid there: that of New Zealand is one of Sydney."""
    values, errors = paired("@country|AU").coerce_pairs([cell, "0412 345 678"], [country, "AU"])
    assert errors.get(0, values[0]) == outcome
    assert values[1] == "+61412345678"


def test_without_the_other_cell_the_region_is_the_fallback() -> None:
    assert paired("@country|NL").coerce_cell("020 123 4567") == "+31201234567"
    assert paired("@country|NL").coerce_column(["020 123 4567", "x"]) == (["+31201234567", None], {1: "not_a_phone"})
    assert paired("@country").coerce_column(["020 123 4567"]) == ([None], {0: "not_a_phone"})


def test_numbers_of_the_regions_overseas_beside_a_country() -> None:
    assert paired("@country").coerce_pairs(["0690 00 12 34"], ["France"]) == (["+590690001234"], {})


def test_the_column_may_have_a_bar_in_its_name() -> None:
    assert paired("@a|b|NL").other_column == "a|b"
    assert paired("@country").other_column == "country"


def test_spellings_of_countries_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.domain.mapping.coercion.paired_phones._CACHED_COUNTRIES", 3)
    phones = PairedPhoneCoercer(ValueFormat(ValueType.PHONE, "@country|NL"))
    others = [*map(str, range(20)), "x" * (MAX_COUNTRY + 1)]
    unknown = dict.fromkeys(range(21), "unknown_country")
    assert phones.coerce_pairs(["020 123 4567"] * 21, others) == ([None] * 21, unknown)
    assert len(phones._by_country) <= 3
