"""The built-in attributes can be what they claim to be."""

import pytest

from penstock.domain.mapping.attributes import check_name
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.coercion import CoercionError, coercer


@pytest.mark.parametrize("name", BUILTIN)
def test_each_is_well_formed(name: str) -> None:
    attribute = BUILTIN[name]
    assert attribute.name == check_name(name)
    assert attribute.display_name
    assert not attribute.custom
    assert coercer(attribute.format).coerce_cell("") is None


def test_usual_columns_of_customer_files_are_built_in() -> None:
    assert set(BUILTIN) >= {
        *("crmid", "email", "phone", "mobile", "first_name", "last_name", "full_name", "gender", "birth_date"),
        *("street", "house_number", "postal_code", "city", "region", "country", "language", "loyalty_id", "ltv"),
        *("last_purchase_at", "marketing_consent", "customer_since", "company", "job_title", "website"),
    }


@pytest.mark.parametrize("name", ["slot_num", "preferences", "hm", "cross_sell_product"])
def test_the_examples_of_custom_attributes_are_not(name: str) -> None:
    assert name not in BUILTIN


def test_identifiers_are_personal_and_not_segmentable() -> None:
    personal = {name for name, attribute in BUILTIN.items() if attribute.pii}
    assert personal >= {"email", "phone", "mobile", "first_name", "last_name", "full_name", "birth_date", "street"}
    assert personal == {name for name, attribute in BUILTIN.items() if not attribute.segmentable}


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("gender", "♀ non-binary", "♀ non-binary"),
        ("country", "Côte d'Ivoire", "Côte d'Ivoire"),
        ("website", "www.example.com", "www.example.com"),
        ("postal_code", "01067", "01067"),
        ("house_number", "12-bis", "12-bis"),
        ("crmid", "000123", "000123"),
        ("ltv", "1234.50", "1234.50"),
        ("last_purchase_at", "2024-02-29", "2024-02-29T00:00:00"),
        ("marketing_consent", "Yes", True),
        ("phone", "+31 20 624 1111", "+31206241111"),
    ],
)
def test_built_in_attributes_accept_ordinary_values(name: str, cell: str, value: object) -> None:
    assert coercer(BUILTIN[name].format).coerce_cell(cell) == value


def test_a_birth_date_that_is_none_does_not_fit() -> None:
    with pytest.raises(CoercionError):
        coercer(BUILTIN["birth_date"].format).coerce_cell("31/01/1980")
