"""Words for blank that no list has."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import ColumnSuggestion, Sample, suggest_mapping

DATES = [f"{number % 28 + 1:02}/{number % 12 + 1:02}/20{number % 20:02}" for number in range(100)]
PHONES = [f"+33 6 12 {number:02} 56 {99 - number:02}" for number in range(100)]


def one(name: str, cells: Sequence[str]) -> ColumnSuggestion:
    return suggest_mapping(Sample([name], [cells], complete=True), BUILTIN).columns[0]


@pytest.mark.parametrize(
    ("name", "values", "word", "kind"),
    [
        ("Dernière visite", DATES, "jamais", "date"),
        ("Téléphone", PHONES, "NC", "phone"),
        ("Téléphone", PHONES, "0", "phone"),
        ("mail", [f"p{number}@gmail.com" for number in range(100)], "siehe Akte", "email"),
        ("laatste bezoek", DATES[:30], "nooit geweest", "date"),  # of 130 cells, 100
    ],
)
def test_a_word_that_repeats_among_values_is_taken_as_blank(name: str, values: list[str], word: str, kind: str) -> None:
    found = one(name, [*values, *[word] * (130 - len(values))])
    assert str(found.format).startswith(kind)
    assert found.blanks == (word,)
    assert f"{130 - len(values)} cells are {word!r}, taken as blank" in found.evidence
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("visit", [*DATES, *["jamais"] * 4]),  # too few: it may be a value
        ("mail", [*[f"p{number}@gmail.com" for number in range(100)], *["anna.gmail.com"] * 9]),  # mistyped
        ("phone", [*PHONES, *["0612345"] * 9]),
        ("postal_code", [*[str(number) for number in range(10_000, 10_100)], *["Corse"] * 9]),  # text takes it
        ("tier", ["gold", "silver", "none at all"] * 50),
        ("kind", ["A1", "B2", "mixed"] * 50),
    ],
)
def test_other_cells_are_values(name: str, cells: list[str]) -> None:
    found = one(name, cells)
    assert found.blanks == ()
    assert "taken as blank" not in " ".join(found.evidence)


@given(st.text(alphabet="abcdefgh ", min_size=3, max_size=12).map(str.strip).filter(bool), st.integers(1, 60))
def test_a_rare_word_is_never_shown(word: str, times: int) -> None:
    texts = " ".join(one("when", [*DATES, *[word] * times]).evidence)
    assert (repr(word) in texts) <= (times >= 5)


EMAILS = [f"p{number}@gmail.com" for number in range(190)]


@pytest.mark.parametrize("cell", ["lucia.navarro.gmail.com", "lucianavarro", "Lucía Navarro", "www.talleres.es"])
@pytest.mark.parametrize("name", ["email", "crmid"])
def test_a_cell_that_repeats_a_few_times_may_be_a_customers(name: str, cell: str) -> None:
    found = one(name, [*(EMAILS if name == "email" else map(str, range(1000, 1190))), *[cell] * 4])
    assert cell not in found.blanks
    assert not [each for each in (*found.evidence, *found.against) if cell in each]


def test_a_word_among_identifiers_is_counted_once() -> None:
    found = one("email", [*EMAILS, *["declined"] * 5, "p1@gmail", "p2@", "@gmail.com"])
    assert (found.identifier, found.blanks) == (True, ("declined",))
    assert "190 of 193 are e-mail addresses" in found.evidence
    assert "5 cells are 'declined', taken as blank" in found.evidence
    assert found.against == (
        "3 do not fit and would be rejected with their rows",
        "5 of 198 rows have no identifier and would be rejected",
    )


@pytest.mark.parametrize(
    ("values", "wrong"),
    [(DATES, ["31/31/2020", "2020"]), ([f"{number},50" for number in range(100, 200)], ["ten", "1,2,3"])],
    ids=["dates", "amounts"],
)
def test_a_word_among_dates_and_numbers_is_counted_once(values: list[str], wrong: list[str]) -> None:
    found = one("column", [*values, *["jamais"] * 6, *wrong])
    assert "6 cells are 'jamais', taken as blank" in found.evidence
    assert found.against[0] == "2 do not fit and would be left out"


def test_words_that_an_earlier_mapping_takes_as_blank_do_not_count_again() -> None:
    earlier = ColumnMapping(column="email", attribute="email", identifier=True, blanks=("declined", "moved away"))
    sample = Sample(["email"], [[*EMAILS, *["declined"] * 3, "moved away", "p1@gmail"]], complete=True)
    (found,) = suggest_mapping(sample, BUILTIN, [earlier]).columns
    assert found.against[0].startswith("1 does not fit")


def test_a_word_that_did_not_fit_before_is_asked_about() -> None:
    amounts = [f"{number},50" for number in range(100, 200)]
    earlier = ColumnMapping(column="total", attribute="total", format=parse_format("decimal(1.234,56)"))
    sample = Sample(["total"], [[*amounts, *["jamais"] * 6]], complete=True)
    total = Attribute(name="total", display_name="Total", format=parse_format("decimal"))
    (found,) = suggest_mapping(sample, {**BUILTIN, "total": total}, [earlier]).columns
    assert "6 cells are 'jamais', taken as blank, which they were not before" in found.against
    (again,) = suggest_mapping(sample, {**BUILTIN, "total": total}, [replace(earlier, blanks=("jamais",))]).columns
    assert again.against == ()
