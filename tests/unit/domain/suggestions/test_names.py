"""What columns are called."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.domain.limits import MAX_DISPLAY_NAME
from penstock.domain.mapping.attributes import NAME, Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions.aliases import ALIASES
from penstock.domain.suggestions.names import Names, display_name, new_name, words


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
        ("Opt_in_e_mail", "email_opt_in"),
        ("Aceita e-mail", "email_opt_in"),
        ("acceptsEmail", "email_opt_in"),
        ("E-Mail-Einwilligung", "email_opt_in"),
        ("Toestemming_e-mail", "email_opt_in"),
        ("Acepta correo", "email_opt_in"),
        ("Consenso_email", "email_opt_in"),
        ("Zgoda na e-mail", "email_opt_in"),
        ("Samtycke_e-post", "email_opt_in"),
        ("E-posta_izni", "email_opt_in"),
        ("Opt_in_SMS", "sms_opt_in"),
        ("phone_optin", "sms_opt_in"),
        ("SMS_izni", "sms_opt_in"),
        ("email_opt_in_date", "consent_at"),
        ("CA cumulé", "ltv"),
        ("LifetimeSpend", "ltv"),
        ("Umsatz gesamt", "ltv"),
        ("Toplam harcama", "ltv"),
        ("Date création", "customer_since"),
        ("Date de création", "customer_since"),
        ("Angelegt am", "customer_since"),
        ("Kayıt tarihi", "customer_since"),
        ("LastTxn", "last_purchase_at"),
        ("lastOrderAt", "last_purchase_at"),
        ("Son sipariş", "last_purchase_at"),
        ("Qtd. pedidos", "order_count"),
    ],
)
def test_a_name_means_an_attribute(column: str, attribute: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is not None
    assert match.attribute.name == attribute


@pytest.mark.parametrize("column", ["slot_num", "product_name", "status", "fidele", "order_id", "x", "", "___", "日本"])
def test_other_names_mean_nothing(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


@pytest.mark.parametrize("column", ["email_opt_out", "no_sms", "text"])
def test_an_opt_out_is_no_consent(column: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is None or not match.attribute.name.endswith("_opt_in")


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


@pytest.mark.parametrize("column", ["address_id", "address_name", "address_status"])
def test_only_a_part_of_an_address_is_one(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


@pytest.mark.parametrize(
    ("name", "column", "display"),
    [
        ("column_16", " 備考 ", "備考"),
        ("column_16", "備" * 500, "備" * MAX_DISPLAY_NAME),
        ("column_16", "備\n考", "Column 16"),
        ("column_16", "備\u202e考", "Column 16"),
        ("nickname", "氏名", "Nickname"),
        ("column_7", "Column 7", "Column 7"),
    ],
)
def test_a_new_attribute_is_called_as_its_column_where_its_name_says_nothing(
    name: str, column: str, display: str
) -> None:
    assert display_name(name, column) == display
