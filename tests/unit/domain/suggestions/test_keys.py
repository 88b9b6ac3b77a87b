"""Key columns that no name shows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.suggesting import accept
from penstock.domain.mapping.attributes import TEXT, Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import ColumnSuggestion, Sample, SuggestedMapping, suggest_mapping
from penstock.domain.suggestions.keys import attribute_of_key

ROWS = 200
PLACES = range(ROWS)
CARDS = [f"{number * 37 + 1203:010}" for number in PLACES]
PARTNERS = [f"PX-{number * 7 + 11:05}-{'ABCDEF'[number % 6]}" for number in PLACES]
EMAILS = [f"p{number}@gmail.com" if number % 4 else "" for number in PLACES]  # of three quarters
NAMES = ["Anna", "Bram", "Chen", "Dora"] * 50
RANDOM = random.Random(3)


def suggested(
    columns: Mapping[str, Sequence[str]],
    earlier: Sequence[ColumnMapping] = (),
    attributes: dict[str, Attribute] | None = None,
) -> SuggestedMapping:
    sample = Sample(list(columns), list(columns.values()), complete=True)
    return suggest_mapping(sample, {**BUILTIN, **(attributes or {})}, earlier)


def identifiers(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What is accepted at the usual confidence, by column."""
    accepted = accept(suggested(columns), 0.9).columns
    return {str(each.column): each.attribute for each in accepted if each.identifier}


def one(columns: Mapping[str, Sequence[str]], name: str) -> ColumnSuggestion:
    return next(each for each in suggested(columns).columns if each.column == name)


@pytest.mark.parametrize(
    ("name", "cells", "attribute"),
    [
        ("LoyaltyNbr", CARDS, "loyalty_id"),
        ("N° adhérent fidélité", CARDS, "loyalty_id"),
        ("partner_ref", PARTNERS, "partner_ref"),
        ("CPF", [f"{number:03}.739.804-{number % 90 + 10}" for number in PLACES], "cpf"),
        ("Matricule", [f"{number * 13 + 5}" for number in PLACES], "matricule"),
        ("ref", PARTNERS, "crmid"),
        ("Kunden-Kennziffer Nr", CARDS, "kunden_kennziffer_nr"),
        ("DNI", [f"{number * 7919 + 10_000_000}{'TRWAG'[number % 5]}" for number in PLACES], "dni"),
        ("client_kennung", PARTNERS, "crmid"),
        ("Personalnummer", [str(number + 900) for number in PLACES], "personalnummer"),
        ("kod_osoby", [str(UUID(int=RANDOM.getrandbits(128))) for _ in PLACES], "kod_osoby"),
        ("Dossier", PARTNERS, "dossier"),  # no word for number, but the first column and of one shape
    ],
)
def test_a_key_identifies_before_an_email_address(name: str, cells: list[str], attribute: str) -> None:
    columns = {name: cells, "first_name": NAMES, "email": EMAILS}
    assert identifiers(columns) == {name: attribute, "email": "email"}
    found = one(columns, name)
    assert "all 200 values differ, 100% filled" in found.evidence
    assert "50 of 200 rows have no other identifier" in found.evidence


@pytest.mark.parametrize(
    "name",
    [
        *("Fiş_No", "Fatura No", "Sipariş Kodu", "İşlem No", "Kvittonr", "Kvitteringsnummer", "kuitti_id"),
        *("Nr paragonu", "Scontrino n.", "Ticket-ID", "Bon Nr", "bonnummer", "Kassenbonnummer", "kassabon_nr"),
        *("Belegnummer", "Nº recibo", "nota_fiscal_numero", "N° reçu", "receipt_no", "transaction_id"),
        *("invoiceNumber", "Beställningsnr", "Ordrenummer", "číslo účtenky", "számla száma id", "sale_id"),
    ],
)
def test_a_number_of_a_receipt_or_an_order_is_no_key(name: str) -> None:
    assert identifiers({name: CARDS, "first_name": NAMES, "email": EMAILS}) == {"email": "email"}
    found = one({name: CARDS, "first_name": NAMES, "email": EMAILS}, name)
    assert not [each for each in found.against if "it may be a key" in each]


@pytest.mark.parametrize("name", ["Codice fiscale", "Número fiscal", "Bonuskartennummer"])
def test_a_name_that_begins_as_that_of_a_receipt_is_a_key(name: str) -> None:
    assert name in identifiers({name: CARDS, "first_name": NAMES, "email": EMAILS})


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("order_no", [f"O{number:06}" for number in PLACES]),
        ("Rechnungsnummer", CARDS),
        ("last_ref", PARTNERS),
        ("store_id", ["007", "012"] * 100),
        ("nickname", [f"sunny_{'abcdefgh'[number % 8] * (number % 7)}{number}" for number in PLACES]),
        ("balance", [f"{number * 3.17 + 1:.2f}" for number in PLACES]),
        ("points", [str(RANDOM.randrange(90_000)) for _ in PLACES]),
        ("created", [str(1_420_070_400_000 + number * 86_400_123) for number in PLACES]),
        ("last_ip", [f"10.1.{number}.{number}" for number in PLACES]),
        ("joined", [f"{number % 28 + 1:02}.{number % 12 + 1:02}.20{number % 20:02}" for number in PLACES]),
        ("nr", [str(number + 1) for number in PLACES]),  # the number of the row
        ("remarks", [f"called {number} times, ask again" for number in PLACES]),
    ],
)
def test_other_distinct_values_are_no_key(name: str, cells: list[str]) -> None:
    assert identifiers({name: cells, "first_name": NAMES, "email": EMAILS}) == {"email": "email"}


def test_placeholders_and_blanks_are_no_obstacle() -> None:
    cells = [*CARDS[:170], *["0000000000"] * 6, *["9999999999"] * 8, *["n/a"] * 6, *[""] * 10]
    assert identifiers({"LoyaltyNbr": cells, "email": EMAILS}) == {"LoyaltyNbr": "loyalty_id", "email": "email"}
    found = one({"LoyaltyNbr": cells, "email": EMAILS}, "LoyaltyNbr")
    assert set(found.blanks) == {"n/a", "9999999999"}  # as an identifier, 0000000000 is junk anyway
    assert "all 170 values differ, 85% filled" in found.evidence


def test_values_in_common_with_other_email_addresses_are_no_key() -> None:
    shared = [*PARTNERS[:196], *PARTNERS[1:5]]  # almost all differ, but four name two people each
    columns = {"partner_ref": shared, "email": [f"p{number}@gmail.com" for number in PLACES[:150]] + [""] * 46}
    columns["email"] += [f"q{number}@gmail.com" for number in range(4)]
    assert identifiers(columns) == {"email": "email"}


def test_a_customers_number_identifies_though_it_repeats() -> None:
    keys = [f"C{number % 80:05}" for number in PLACES]
    columns = {"order_no": PARTNERS, "customer_ref": keys, "email": EMAILS}
    assert identifiers(columns) == {"customer_ref": "crmid", "email": "email"}


def test_rows_of_orders_are_no_people() -> None:
    buyers = [f"p{number % 80}@gmail.com" for number in PLACES]
    assert identifiers({"ref": PARTNERS, "email": buyers}) == {"email": "email"}


def test_a_key_of_people_who_have_one_already_is_a_plain_attribute() -> None:
    columns = {"customer_id": CARDS, "partner_ref": PARTNERS, "email": EMAILS}
    assert identifiers(columns) == {"customer_id": "crmid", "email": "email"}


@pytest.mark.parametrize("other", [{"Medlemsnr": [*CARDS[:190], *[""] * 10]}, {"ref": PARTNERS}])
def test_a_national_number_beside_a_key_is_only_personal(other: dict[str, list[str]]) -> None:
    columns = {"Personnummer": [f"{number * 7919 + 1_000_000_000}" for number in PLACES], **other, "email": EMAILS}
    assert "Personnummer" not in identifiers(columns)
    found = one(columns, "Personnummer")
    assert (found.pii, str(found.format), found.identifier) == (True, "text", False)
    alone = one({"Kimlik No": columns["Personnummer"], "email": EMAILS}, "Kimlik No")
    assert (alone.attribute.name, alone.identifier, alone.pii) == ("kimlik_no", True, True)


def test_a_national_number_identifies_where_rows_would_have_no_identifier() -> None:
    columns = {
        "Personnummer": [f"{number * 7919 + 1_000_000_000}" for number in PLACES],
        "Medlemsnr": [*CARDS[:150], *[""] * 50],
        "email": EMAILS,
    }
    found = one(columns, "Personnummer")
    assert (found.identifier, found.pii, found.confidence >= 0.9) == (True, True, True)
    assert "12 of 200 rows have no other identifier" in found.evidence
    assert identifiers(columns) == {"Personnummer": "personnummer", "Medlemsnr": "loyalty_id", "email": "email"}


@pytest.mark.parametrize("name", ["personnummer", "hetu", "NIF/DNI"])
def test_national_numbers_of_several_countries_are_a_key(name: str) -> None:
    """Of a shape in each country, some with signs and some without."""
    shapes = ["1960{:04}-1234", "1960{:04}1234", "60{:04}-1234", "0102{:04}123", "01{:04}-123A", "01{:04}A12B"]
    cells = [shapes[number % 6].format(number * 31 % 9973) if number % 10 else "" for number in PLACES]
    found = one({name: cells, "namn": NAMES, "email": EMAILS}, name)
    assert (found.identifier, found.pii, found.confidence >= 0.9) == (True, True, True)


def test_a_saved_mapping_keeps_its_identifiers() -> None:
    earlier = [
        ColumnMapping(column="email", attribute="email", identifier=True),
        ColumnMapping(column="LoyaltyNbr", attribute="crmid"),
    ]
    found = suggested({"LoyaltyNbr": CARDS, "ref": PARTNERS, "email": EMAILS}, earlier)
    assert [each.column for each in found.columns if each.identifier] == ["email"]


def test_an_attribute_of_the_tenant_with_the_name_of_the_key_is_used() -> None:
    own = Attribute(name="partner_ref", display_name="Partner")
    found = suggested({"partner_ref": PARTNERS, "email": EMAILS}, attributes={"partner_ref": own}).columns[0]
    assert (found.attribute, found.exists, found.identifier) == (own, True, True)


def test_numbers_that_only_differ_are_left_to_a_person() -> None:
    columns = {"first_name": NAMES, "city": NAMES, "email": EMAILS, "Dossier": PARTNERS, "region": NAMES}
    assert identifiers(columns) == {"email": "email"}
    found = one(columns, "Dossier")
    assert "it may be a key (all 200 values differ, 100% filled): map it with ! to identify by it" in found.against
    assert "50 of 200 rows have no identifier and would be rejected" in one(columns, "email").against


@given(st.lists(st.integers(min_value=0, max_value=30).map("K{:04}".format), min_size=60, max_size=120))
def test_a_column_of_few_values_is_never_a_key(cells: list[str]) -> None:
    found = one({"partner_ref": cells, "email": ["" for _ in cells]}, "partner_ref")
    assert not found.identifier


def test_an_address_that_people_share_does_not_identify_beside_a_key() -> None:
    shared = [f"p{number // 2 if number < 6 else number}@gmail.com" for number in PLACES]
    columns = {"customer_no": CARDS, "first_name": NAMES, "email": shared}
    assert identifiers(columns) == {"customer_no": "crmid"}
    (why,) = one(columns, "email").against
    assert "3 addresses stand on rows with different customer_no" in why
    assert "map it with ! as well to merge them" in why


def test_a_shared_address_identifies_where_rows_have_no_other_identifier() -> None:
    shared = [f"p{number // 2 if number < 6 else number}@gmail.com" for number in PLACES]
    columns = {"customer_no": [*CARDS[:-7], *[""] * 7], "first_name": NAMES, "email": shared}
    assert identifiers(columns) == {"customer_no": "crmid", "email": "email"}
    assert "3 addresses stand on rows with different customer_no: these people would become one" in (
        one(columns, "email").against
    )
    few = {**columns, "customer_no": [*CARDS[:-6], *[""] * 6]}
    assert identifiers(few) == {"customer_no": "crmid"}


def test_invalid_addresses_merge_nobody() -> None:
    """They are not stored, so that those who share them stay apart."""
    invalid = ["gmail.com", "ayse@", "a b@hotmail.com"]
    emails = [invalid[number % 3] if number < 6 else f"p{number}@gmail.com" for number in PLACES]
    columns = {"customer_no": [*CARDS[:-8], *[""] * 8], "email": emails}
    assert not [each for each in one(columns, "email").against if "different customer_no" in each]
    shared = {**columns, "email": [*emails[:10], *emails[8:10], *emails[12:]]}
    found = one(shared, "email")
    assert "2 addresses stand on rows with different customer_no: these people would become one" in found.against
    assert found.identifier
    assert 0.9 <= found.confidence <= 0.95  # it is accepted, but not said to be certain


def test_repeated_orders_and_placeholders_are_no_shared_addresses() -> None:
    orders = {"customer_no": CARDS[:100] * 2, "email": [f"p{number}@gmail.com" for number in range(100)] * 2}
    assert identifiers(orders) == {"customer_no": "crmid", "email": "email"}
    placeholders = {
        "customer_no": CARDS,
        "email": ["Geen@geen.nl" if number % 20 == 0 else f"p{number}@gmail.com" for number in PLACES],
    }
    assert identifiers(placeholders) == {"customer_no": "crmid", "email": "email"}


@pytest.mark.parametrize("name", ["Nº_Socio", "customer_no", "ref"])
def test_families_with_one_address_keep_their_own_keys(name: str) -> None:
    families = [f"f{number // 2}@gmail.com" for number in PLACES]
    names = [f"{first} {number}" for number, first in enumerate(NAMES)]
    columns = {name: CARDS, "first_name": names, "email": families}
    (identifier,) = identifiers(columns)
    assert identifier == name


def test_orders_of_one_person_are_no_keys() -> None:
    columns = {"ref": CARDS, "first_name": [*NAMES[:100], *NAMES[:100]], "email": EMAILS[1:101] * 2}
    assert "ref" not in identifiers(columns)


@pytest.mark.parametrize("other", [{"Supporter ref": PARTNERS}, {"email": [f"p{n}@gmail.com" for n in PLACES]}])
def test_the_numbers_of_the_rows_identify_nobody(other: dict[str, list[str]]) -> None:
    columns = {"id": [str(number + 1) for number in PLACES], **other, "first_name": NAMES}
    assert "id" not in identifiers(columns)
    drawn = {**columns, "id": [str(1 + number * 637 // 200) for number in PLACES]}
    assert "id" not in identifiers(drawn)
    with_gaps = {**columns, "id": [str(number) for number in sorted(RANDOM.sample(range(1, 260), 200))]}
    with_gaps["id"][0] = "1"
    assert "id" in identifiers(with_gaps)


def joined(columns: Mapping[str, Sequence[str]], again: int) -> dict[str, list[str]]:
    """Two files of one list, the first rows in both."""
    return {name: [*cells, *cells[:again]] for name, cells in columns.items()}


def test_a_key_identifies_though_joined_files_repeat_people() -> None:
    """Also where their addresses have changed between the two."""
    columns = joined({"Donor ID": PARTNERS, "first_name": NAMES, "email": EMAILS}, again=40)
    columns["email"][ROWS:] = [f"new{number}@gmail.com" for number in range(40)]
    columns["first_name"][ROWS:] = [f" {name.upper()} " for name in columns["first_name"][ROWS:]]
    assert identifiers(columns) == {"Donor ID": "donor_id", "email": "email"}
    assert "200 of 240 values differ, 100% filled" in one(columns, "Donor ID").evidence


@pytest.mark.parametrize("name", ["Donor ID", "partner_ref"])
def test_a_number_that_people_share_is_no_key(name: str) -> None:
    columns = joined({name: PARTNERS, "first_name": NAMES, "email": EMAILS}, again=40)
    columns["first_name"][ROWS:] = columns["first_name"][1:41]
    assert not one(columns, name).identifier
    assert not one({other: cells for other, cells in columns.items() if other != "first_name"}, name).identifier


def test_rows_that_are_only_counted_tell_no_people_apart() -> None:
    """An address on two rows of one card is that of one person, though `ID` numbers the rows."""
    twice = [number // 2 if number < 18 else number for number in PLACES]
    columns = {
        "ID": [str(number + 1) for number in PLACES],
        "Codice Tessera": [CARDS[number] for number in twice],
        "E-mail": [f"p{number}@gmail.com" for number in twice],
    }
    assert identifiers(columns) == {"Codice Tessera": "loyalty_id", "E-mail": "email"}


@pytest.mark.parametrize("name", ["Lp.", "Nr", "index"])
def test_a_column_that_counts_the_rows_is_not_accepted(name: str) -> None:
    columns = {name: [str(number + 1) for number in PLACES], "email": EMAILS}
    found = one(columns, name)
    assert found.confidence < 0.9
    assert any(each.startswith("its values are the numbers of the rows") for each in found.against)


SHARED_CARDS = [f"60{number // 3 * 371:06}" for number in PLACES]  # of households of three
SHARED_NUMBERS = [str(10_000 + number // 3 * 37) for number in PLACES]
GIVEN = [f"{'ABCDEFGHIJKLMNOPQRSTUVW'[number % 23]}nna" for number in PLACES]
BIRTH_DATES = [f"{1950 + number % 50}-{number % 12 + 1:02}-{number % 28 + 1:02}" for number in PLACES]
OWN_EMAILS = [f"p{number}@gmail.com" for number in PLACES]


@pytest.mark.parametrize("name", ["loyalty_id", "Tarjeta Cliente", "customer_number"])
@pytest.mark.parametrize(
    "others",
    [
        {"first_name": GIVEN, "email": OWN_EMAILS},
        {"first_name": GIVEN, "email": EMAILS, "birth_date": BIRTH_DATES},
        {"first_name": GIVEN, "DNI": PARTNERS},
    ],
    ids=["address", "birth date", "number"],
)
def test_a_number_that_different_people_share_is_no_identifier(name: str, others: dict[str, list[str]]) -> None:
    columns = {name: SHARED_CARDS, **others}
    found = one(columns, name)
    assert (found.identifier, found.attribute.name in ("crmid", "loyalty_id"), found.confidence >= 0.9) == (
        False,
        True,
        True,
    )
    reason = "not an identifier, because 67 values are on rows of different people"
    assert any(each.startswith(reason) for each in found.against)
    assert identifiers(columns)


@pytest.mark.parametrize(
    "others",
    [
        {"first_name": [name for name in GIVEN[:67] for _ in range(3)][:ROWS], "email": OWN_EMAILS},
        {"first_name": GIVEN, "email": [each for each in OWN_EMAILS[:67] for _ in range(3)][:ROWS]},
        {"first_name": GIVEN, "email": OWN_EMAILS, "birth_date": [BIRTH_DATES[at // 3] for at in PLACES]},
        {"email": OWN_EMAILS},
        {"first_name": GIVEN},
    ],
    ids=["one name", "one address", "one birth date", "only addresses", "only names"],
)
def test_rows_of_one_person_are_no_different_people(others: dict[str, list[str]]) -> None:
    """Somebody who buys again, with a new address or another spelling of the name."""
    assert "loyalty_id" in identifiers({"loyalty_id": SHARED_CARDS, **others}).values()


def test_a_few_shared_numbers_are_slips_of_the_hand() -> None:
    cards = [*CARDS[:198], CARDS[0], CARDS[1]]
    assert "loyalty_id" in identifiers({"loyalty_id": cards, "first_name": GIVEN, "email": OWN_EMAILS}).values()


def test_a_shared_number_is_a_doubt_where_most_rows_have_no_other_identifier() -> None:
    emails = [each if at % 9 < 3 else "" for at, each in enumerate(OWN_EMAILS)]
    found = one({"loyalty_id": SHARED_CARDS, "birth_date": BIRTH_DATES, "email": emails}, "loyalty_id")
    assert found.identifier
    assert found.confidence < 0.9
    assert "23 values are on rows of different people: these people would become one" in found.against


FAMILIES = [f"f{number // 3}@gmail.com" for number in PLACES]


@pytest.mark.parametrize("name", ["Polisnr.", "Partij nummer", "dossier_code"])
def test_a_shared_number_that_no_attribute_is_for_is_joined_with_a_name(name: str) -> None:
    columns = {name: SHARED_NUMBERS, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": FAMILIES}
    found = one(columns, name)
    assert (found.exists, found.identifier, found.format, found.confidence >= 0.9) == (False, False, TEXT, True)
    assert any(each.startswith("not an identifier, because 67 values are on rows of diff") for each in found.against)
    (joined,) = suggested(columns).joined
    assert joined.attribute.name == f"{found.attribute.name}_first_name"
    assert joined.mapping.columns == (name, "first_name")


def test_codes_of_a_few_groups_are_not_those_of_households() -> None:
    groups = [f"{number % 12 + 4:03}" for number in PLACES]
    columns = {"group_code": groups, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": OWN_EMAILS}
    assert not one(columns, "group_code").against


@pytest.mark.parametrize("name", ["Huishoudnr", "Abonneenummer", "vasteklantnr."])
def test_numbers_that_name_something_are_text(name: str) -> None:
    columns = {name: SHARED_NUMBERS, "first_name": ["Anna"] * ROWS, "email": OWN_EMAILS}
    assert one(columns, name).format == TEXT


@pytest.mark.parametrize(("name", "attribute"), [("lid_ref", "loyalty_id"), ("Lidkaartcode", "loyalty_id")])
def test_a_members_key_is_a_loyalty_id_in_dutch(name: str, attribute: str) -> None:
    assert attribute_of_key(name) == attribute


def test_a_shop_is_no_member() -> None:
    assert attribute_of_key("lidl_ref") is None


def test_a_number_and_a_name_identify_together_where_neither_number_nor_address_does() -> None:
    columns = {"loyalty_id": SHARED_CARDS, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": FAMILIES}
    (joined,) = suggested(columns).joined
    assert (joined.mapping.columns, joined.mapping.separator) == (("loyalty_id", "first_name"), "|")
    assert (joined.attribute.name, joined.attribute.pii, joined.exists) == ("loyalty_id_first_name", True, False)
    assert joined.evidence == ("all 200 differ",)
    reason = "not an identifier, because 67 values are on rows of different people: loyalty_id and first_name together"
    assert f"{reason} are one" in one(columns, "loyalty_id").against
    assert not one(columns, "email").identifier
    assert [each.attribute for each in accept(suggested(columns), 0.9).columns if each.identifier] == [
        "loyalty_id_first_name"
    ]


def test_a_joined_identifier_is_not_taken_beside_one_chosen_by_hand() -> None:
    columns = {"loyalty_id": SHARED_CARDS, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": FAMILIES}
    by_hand = [ColumnSpec(column="email", attribute="email", identifier=True)]
    accepted = accept(suggested(columns), 0.9, by_hand).columns
    assert [each.attribute for each in accepted if each.identifier] == ["email"]


def test_rows_without_an_address_are_kept_by_a_number_and_a_name() -> None:
    emails = [each if at % 9 < 8 else "" for at, each in enumerate(OWN_EMAILS)]
    columns = {"loyalty_id": SHARED_CARDS, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": emails}
    accepted = accept(suggested(columns), 0.9).columns
    assert {each.attribute for each in accepted if each.identifier} == {"email", "loyalty_id_first_name"}


@pytest.mark.parametrize(
    "others",
    [
        {"first_name": GIVEN, "email": OWN_EMAILS},
        {"first_name": ["Anna"] * ROWS, "email": FAMILIES, "birth_date": BIRTH_DATES},
        {"first_name": GIVEN, "email": FAMILIES, "birth_date": BIRTH_DATES, "customer_no": CARDS},
    ],
    ids=["own addresses", "one name", "another key"],
)
def test_nothing_is_joined_without_need_or_use(others: dict[str, list[str]]) -> None:
    assert not suggested({"loyalty_id": SHARED_CARDS, **others}).joined


def test_rows_that_lack_a_part_of_a_joined_identifier_are_counted() -> None:
    names = ["", *GIVEN[1:]]
    columns = {"loyalty_id": SHARED_CARDS, "first_name": names, "birth_date": BIRTH_DATES, "email": FAMILIES}
    (joined,) = suggested(columns).joined
    assert joined.against == ("1 of 200 rows have no identifier and would be rejected",)


def test_a_saved_joined_identifier_is_kept() -> None:
    columns = {"loyalty_id": SHARED_CARDS, "first_name": GIVEN, "birth_date": BIRTH_DATES, "email": FAMILIES}
    (joined,) = suggested(columns).joined
    found = suggested(columns, [joined.mapping], {joined.attribute.name: joined.attribute})
    assert not found.joined
    assert [each.mapping for each in found.kept] == [joined.mapping]
