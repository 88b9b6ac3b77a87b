"""Columns of people's names are suggested as personal, whatever they are called."""

from __future__ import annotations

from itertools import product

import pytest

from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import ColumnSuggestion, Sample, suggest_mapping
from penstock.domain.suggestions.names import Names
from penstock.domain.suggestions.person_names import person_names
from penstock.domain.suggestions.personal import personal_columns
from penstock.domain.suggestions.sample import Cells

FAMILIES = ("Rossi", "D'Angelo", "Cantù", "Smythe-Brown", "van der Berg", "Öztürk")
PEOPLE = [f"{family} {given}" for family, given in product(FAMILIES, ("Elisa", "Matteo", "Zoë", "Jürgen", "Ayşe"))]
UNKNOWN = [
    f"{first}ko {last}wa" for first, last in product(("Ama", "Kofi", "Yaa", "Esi"), ("Boate", "Mensah", "Owusu"))
]


def one(name: str, cells: list[str]) -> ColumnSuggestion:
    (found,) = suggest_mapping(Sample([name], [cells], complete=True), BUILTIN).columns
    return found


@pytest.mark.parametrize(
    "column",
    [
        *("Ragione Sociale / Nominativo", "Nominativo", "Intestatario", "Nome e Cognome", "Name/Firma", "Kunde"),
        *("Vorname / Nachname", "Nom du client", "Nom (raison sociale)", "Titular", "Naam", "Klant", "Nazwa"),
        *("Imię i nazwisko", "Namn", "Ad Soyad", "Nome ou razão social", "Kundnamn"),
    ],
)
def test_full_names_in_many_languages(column: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is not None
    assert (match.attribute.name, match.score > 0.9) == ("full_name", True)


def test_a_company_or_a_product_is_no_person_by_its_name() -> None:
    names = Names(BUILTIN)
    assert [
        match and match.attribute.name for match in map(names.match, ("Ragione Sociale", "Firma", "Name/Umsatz"))
    ] == [
        "company",
        "company",
        None,
    ]


@pytest.mark.parametrize(
    "cells", [PEOPLE, [each.upper() for each in PEOPLE], UNKNOWN, ["王小明", "李小红"] * 5 + PEOPLE]
)
@pytest.mark.parametrize("column", ["soggetto", "x1", "Partner A", "account_manager"])
def test_a_column_of_names_is_personal(column: str, cells: list[str]) -> None:
    found = one(column, cells)
    assert found.pii
    assert not found.attribute.segmentable
    assert not found.identifier
    assert not any(cell in " ".join(found.evidence) for cell in cells)


def test_few_names_that_repeat_are_personal_and_not_listed_as_options() -> None:
    found = one("venditore", ["Elisa Rossi", "Matteo Bianchi", "Jan Berg"] * 30)
    assert (found.pii, str(found.format)) == (True, "text")


def test_a_customer_with_a_name_is_no_identifier() -> None:
    found = one("Customer", PEOPLE)
    assert (found.attribute.name, found.identifier) == ("full_name", False)


def test_a_company_named_as_a_person_is_personal() -> None:
    assert one("Ragione Sociale", PEOPLE[:15] + [f"{each} Srl 1" for each in FAMILIES * 2]).pii
    assert not one("Ragione Sociale", [f"Acme {each} Trading" for each in "ABCDEFGHIJ"]).pii


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Citta", ["San Donato", "Reggio Emilia", "Monte Alto", "Cava Bassa", "Borgo Nuovo", "Vico Equense"]),
        ("product", ["Oak Table", "Garden Chair", "Desk Lamp", "Blue Sofa", "Wall Clock", "Tea Pot"]),
        ("delivery", ["Next Day", "Two Days", "Pick Up"] * 40),
        ("word", ["left at the door", "call before", "ring twice", "no answer", "second floor", "back again"]),
        ("size", ["XL", "L", "M", "S", "XXL", "XS"]),
        ("sku", [f"Box {number}" for number in range(40)]),
    ],
)
def test_other_texts_are_not_personal(column: str, cells: list[str]) -> None:
    assert not one(column, cells).pii
    assert person_names(Cells(column, cells), "city" if column == "Citta" else None) is None


@pytest.mark.parametrize("attribute", [Attribute(name="other", display_name="Other"), BUILTIN["city"]])
def test_the_warning_agrees(attribute: Attribute) -> None:
    column = ColumnMapping(column="soggetto", attribute=attribute.name)
    (warning,) = personal_columns(Sample(["soggetto"], [PEOPLE], True), [column], [attribute])
    assert f"all {len(PEOPLE)} look like names of people" in warning.message
