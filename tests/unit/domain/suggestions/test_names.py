"""What columns are called."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.domain.mapping.attributes import NAME, Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions.aliases import ALIASES
from penstock.domain.suggestions.names import Names, is_personal, new_name, words


@pytest.mark.parametrize(
    ("column", "attribute"),
    [
        ("cust_email", "email"),
        ("Customer E-Mail Address", "email"),
        ("E-Mail-Adresse", "email"),
        ("emial", "email"),
        ("work_email", "email"),
        ("kundenNr", "crmid"),
        ("KLANTNUMMER", "crmid"),
        ("Prénom", "first_name"),
        ("Straße", "street"),
        ("phone2", "phone"),
        ("fecha_nacimiento", "birth_date"),
        ("imię", "first_name"),
        ("puhelinnumero", "phone"),
        ("data de nascimento", "birth_date"),
        ("födelsedatum", "birth_date"),
        ("Phone__c", "phone"),
        ("BillingPostalCode", "postal_code"),
        ("address_city", "city"),
        ("address.zip", "postal_code"),
    ],
)
def test_a_name_means_an_attribute(column: str, attribute: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is not None
    assert match.attribute.name == attribute


@pytest.mark.parametrize("column", ["slot_num", "product_name", "status", "fidele", "order_id", "x", "", "___", "日本"])
def test_other_names_mean_nothing(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


def test_the_surer_way_to_find_a_name_scores_higher() -> None:
    names = Names(BUILTIN)
    scores = [
        match.score for name in ("email", "mail", "cust_mail", "emial", "work_mail") if (match := names.match(name))
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5


def test_an_attribute_of_the_tenant_is_found_by_its_display_name() -> None:
    hm = Attribute(name="hm", display_name="Home number")
    match = Names({**BUILTIN, "hm": hm}).match("home_number")
    assert match is not None
    assert match.attribute is hm


def test_each_alias_stands_under_one_attribute() -> None:
    keys = Counter(key for names in ALIASES.values() for key in {"".join(words(name)) for name in names})
    assert [key for key, count in keys.items() if count > 1] == []
    assert ALIASES.keys() == BUILTIN.keys()


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("ShoeSize", "shoe_size"),
        ("Größe in cm", "grosse_in_cm"),
        ("2nd choice", "column_2_nd_choice"),
        ("日本", "column_7"),
        ("x" * 400, "x" * 48),
    ],
)
def test_a_new_attribute_gets_a_valid_name(column: str, name: str) -> None:
    assert new_name(column, 7) == name
    assert NAME.match(name)


def test_names_of_personal_columns() -> None:
    assert is_personal("emergency_contact_phone")
    assert is_personal("Opmerkingen")
    assert not is_personal("shoe_size")


@pytest.mark.parametrize("column", ["address_id", "address_name", "address_status"])
def test_only_a_part_of_an_address_is_one(column: str) -> None:
    assert Names(BUILTIN).match(column) is None
