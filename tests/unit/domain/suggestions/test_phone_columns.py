"""Columns of phone numbers: the shortcuts find what a complete try of each format finds."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.suggestions import phones
from penstock.domain.suggestions.facts import find_facts
from penstock.domain.suggestions.fitting import PROBED, Finding, Formats
from penstock.domain.suggestions.phones import MAX_SEARCHED
from penstock.domain.suggestions.sample import Cells, Sample

WRITTEN = st.sampled_from(
    [
        "+31612345678",
        "06-12345678",
        "0612345678",
        "+33 6 12 34 56 78",
        "+0031612345678",
        "+06 12345678",
        "(020) 6241111",
    ]
)
COLUMNS = st.lists(WRITTEN | st.from_regex(r"(\+|00)?[0-9]{6,11}", fullmatch=True), min_size=1, max_size=30)


@given(COLUMNS, st.sampled_from(["NL", "FR", "US", "IT"]))
@settings(deadline=None, max_examples=60)
def test_a_number_with_a_country_code_fits_in_every_region(cells: list[str], region: str) -> None:
    column, formats = Cells("phone", cells), Formats()
    national = formats.unfitting("phone", column)
    whole, part = formats.fit(f"phone({region})", column), formats.fit(f"phone({region})", national)
    assert whole
    assert part
    assert whole.count == column.filled - national.filled + part.count


@given(st.lists(st.sampled_from("12345x"), min_size=1, max_size=20), st.integers(-1, 3 * PROBED))
def test_fits_agrees_with_fit(cells: list[str], count: int) -> None:
    column = Cells("n", [f"{cell}{number}" for cell in cells for number in range(PROBED // 7)])
    formats = Formats()
    fit = formats.fit("integer", column)
    assert fit
    assert formats.fits("integer", column, count) == (fit.count >= count)


@pytest.mark.parametrize(
    ("name", "cells", "tried"),
    [
        ("turnover", [f"61{number}45.50" for number in range(100, 200)], False),
        ("mobile", [f"06{number}45678" for number in range(100, 200)], True),  # by its values
        ("phone", [f"2065{number}123" for number in range(100, 200)], True),  # by its name
    ],
)
def test_plain_numbers_are_tried_as_phones_only_if_expected(name: str, cells: list[str], tried: bool) -> None:
    facts, _ = find_facts(Sample([name], [cells], complete=True), Formats(), lambda column: column == "phone")
    assert (ValueType.PHONE in facts[0].findings) is tried


def test_only_some_columns_of_a_wide_file_are_tried_in_all_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: Counter[str] = Counter()

    def kind(cell: str, region: str) -> int:
        tried[cell] += 1
        return PhoneNumberType.UNKNOWN

    monkeypatch.setattr(phones, "_kind", kind)
    columns = 2 * MAX_SEARCHED
    cells = [[f"0{column:03} 5{row:02} 77" for row in range(30)] for column in range(columns)]
    find_facts(Sample([f"phone_{n}" for n in range(columns)], cells, complete=True), Formats(), lambda _: True)
    assert tried[cells[0][0]] == tried[cells[MAX_SEARCHED - 1][0]] == len(phones._USUAL_REGIONS)
    assert tried[cells[MAX_SEARCHED][0]] == tried[cells[-1][0]] == 0


NATIONAL = [f"1-{6041 + at}-{29709 + 37 * at}-{at % 90 + 10}-1" for at in range(60)]


def kinds(**columns: list[str]) -> dict[str, set[ValueType]]:
    facts, _ = find_facts(
        Sample(list(columns), list(columns.values()), complete=True), Formats(), lambda column: column == "phone"
    )
    return {each.name: set(each.findings) for each in facts}


def test_numbers_that_fit_a_country_which_the_file_does_not_show_are_no_phones() -> None:
    mails = [f"p{at}@shop.th" for at in range(60)]
    assert ValueType.PHONE in kinds(code=NATIONAL)["code"]
    assert ValueType.PHONE not in kinds(code=NATIONAL, mail=mails)["code"]
    assert ValueType.PHONE in kinds(phone=NATIONAL, mail=mails)["phone"]


def test_a_national_number_is_no_phone() -> None:
    assert ValueType.PHONE not in kinds(Personnummer=NATIONAL)["Personnummer"]


@pytest.mark.parametrize(
    ("national", "foreign", "found"),
    [
        (
            ["0151 234567{:02}", "0171 23456{:02}", "0160 96500{:02}"],
            "+43 664 12345{:02}",
            "could also be phone(DE): check",
        ),
        (["0664 12345{:02}", "0676 34567{:02}", "0699 113456{:02}"], "+43 664 54321{:02}", None),
        (["06 123456{:02}", "06 223456{:02}"], "+31 6 87654{:02}1", None),
        (["089 12345{:02}", "030 98765{:02}"], "+49 151 234567{:02}", None),
    ],
)
def test_the_code_of_those_abroad_does_not_make_mobiles_landlines(
    national: list[str], foreign: str, found: str | None
) -> None:
    cells = [text.format(at) for at in range(10, 40) for text in [*national, foreign]]
    facts, _ = find_facts(
        Sample(["Telefon", "Ort"], [cells, ["Wien"] * len(cells)], complete=True),
        Formats(),
        lambda column: column == "Telefon",
    )
    against = facts[0].findings[ValueType.PHONE].against
    assert against == ((found,) if found else ())


SWISS = [f"044 {200 + number} 12 {number % 90 + 10}" for number in range(130)]
AUSTRIANS = [f"+43 1 5{number:06}" for number in range(40)]


def of_countries(unplaced: list[str], other: str = "AT") -> Finding:
    """Numbers of Swiss and others, and some whose country is blank."""
    numbers = [*SWISS, *AUSTRIANS, *unplaced]
    countries = ["CH"] * len(SWISS) + [other] * len(AUSTRIANS) + [""] * len(unplaced)
    facts, _ = find_facts(Sample(["Land", "Telefon"], [countries, numbers], complete=True), Formats(), lambda _: True)
    return facts[1].findings[ValueType.PHONE]


def test_numbers_without_a_country_are_of_the_usual_one_if_that_is_sure() -> None:
    found = of_countries([f"044 {400 + number} 55 12" for number in range(8)])
    assert (str(found.fit.format), found.fit.count) == ("phone(@Land|CH)", 178)
    assert found.evidence.endswith("; 8 without a country or country code taken as of CH")


@pytest.mark.parametrize(
    ("unplaced", "left_out"),
    [
        (["044 401 55 12"] * 3, 3),  # few fit by chance
        ([f"0171 45{number}012" for number in range(8)], 8),  # of another country
        ([*(f"044 {400 + number} 55 12" for number in range(5)), "0664 1234567", "0699 1234567"], 7),
    ],
    ids=["few", "others", "several"],
)
def test_numbers_without_a_country_are_counted_if_their_region_is_not_sure(unplaced: list[str], left_out: int) -> None:
    found = of_countries(unplaced)
    assert str(found.fit.format) == "phone(@Land)"
    assert f"; {left_out} without a country or country code would be left out" in found.evidence


def test_numbers_of_a_country_that_is_not_known_are_never_of_the_usual_one() -> None:
    numbers = [*SWISS, *(f"044 {400 + number} 55 12" for number in range(8)), "+41 44 668 18 00", *AUSTRIANS]
    countries = ["CH"] * len(SWISS) + ["Schwiez"] * 9 + ["AT"] * len(AUSTRIANS)
    facts, _ = find_facts(Sample(["Land", "Telefon"], [countries, numbers], complete=True), Formats(), lambda _: True)
    found = facts[1].findings[ValueType.PHONE]
    assert (str(found.fit.format), found.fit.count) == ("phone(@Land)", 171)
    assert found.evidence.endswith("; the country of 8 is not known: they would be left out")
    facts, _ = find_facts(
        Sample(["Land", "Telefon"], [countries, numbers], complete=True),
        Formats(),
        lambda _: True,
        {"Land": {"Schwiez": "CH"}},
    )
    assert facts[1].findings[ValueType.PHONE].fit.count == 179


@pytest.mark.parametrize(("portuguese", "written"), [(0, "phone(@Land|ES)"), (2, "phone(@Land)")])
def test_a_mobile_that_would_become_a_landline_abroad_leaves_the_country_open(portuguese: int, written: str) -> None:
    """912 345 678 is a mobile in Portugal, and a landline in Madrid."""
    numbers = [f"6{number:02} 345 678" for number in range(10, 90)] + [
        f"+351 912 345 6{number}" for number in range(10, 30)
    ]
    numbers += [f"6{number:02} 305 678" for number in range(10, 25)] + ["912 645 678", "918 625 916"][:portuguese]
    countries = ["ES"] * 80 + ["PT"] * 20 + [""] * (15 + portuguese)
    facts, _ = find_facts(Sample(["Land", "Móvil"], [countries, numbers], complete=True), Formats(), lambda _: True)
    assert str(facts[1].findings[ValueType.PHONE].fit.format) == written


def test_numbers_that_two_countries_take_are_of_neither() -> None:
    """A Danish number is a Norwegian one as well."""
    numbers = [
        *(f"22 33 {number:02} 10" for number in range(70)),
        *(f"+4520 33 {number:02} 10" for number in range(30)),
    ]
    countries = ["NO"] * 70 + ["DK"] * 30
    numbers += [f"22 34 {number:02} 10" for number in range(10)]
    countries += [""] * 10
    facts, _ = find_facts(Sample(["Land", "Telefon"], [countries, numbers], complete=True), Formats(), lambda _: True)
    assert str(facts[1].findings[ValueType.PHONE].fit.format) == "phone(@Land)"
