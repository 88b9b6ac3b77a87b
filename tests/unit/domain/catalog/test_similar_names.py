"""Names that are most likely the same attribute, mistyped, and names that only look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.catalog.similar_names import SimilarNames, are_similar
from penstock.domain.limits import MAX_ATTRIBUTES, MAX_MAPPED_COLUMNS
from penstock.domain.mapping.builtin_attributes import BUILTIN
from tests.support.cost import seconds

LETTERS = "abcdefghijklmnopqrstuvwxyz"
words = st.text(LETTERS, min_size=5, max_size=10)


@pytest.mark.parametrize(
    ("new", "existing"),
    [
        *(("crm_id", "crmid"), ("e_mail", "email"), ("emial", "email"), ("firstname", "first_name")),
        *(("frist_name", "first_name"), ("e_mial", "email"), ("phon", "phone"), ("loyalty_teir", "loyalty_tier")),
        *(("birthdate", "birth_date"), ("languages", "language"), ("gendre", "gender")),
    ],
)
def test_a_typo_is_similar(new: str, existing: str) -> None:
    assert SimilarNames(BUILTIN).similar_to(new) == existing


@pytest.mark.parametrize(
    "new",
    ["hm", "order_amount", "address_line_3", "state", "visits", "size_a", "mobile2", "email_2", "date", "cross_sell"],
)
def test_a_name_of_its_own_is_not_similar(new: str) -> None:
    assert SimilarNames(BUILTIN).similar_to(new) is None


@pytest.mark.parametrize(
    ("one", "other"), [("size_a", "size_b"), ("line_1", "line_2"), ("pref_10", "pref_1"), ("age", "ago")]
)
def test_names_that_differ_on_purpose_are_not_similar(one: str, other: str) -> None:
    assert not are_similar(one, other)


@given(name=words, at=st.integers(0, 9), letter=st.sampled_from(LETTERS), kind=st.sampled_from("irds_"))
def test_one_edit_of_a_letter_is_found_among_others(name: str, at: int, letter: str, kind: str) -> None:
    at %= len(name)
    mistyped = {
        "i": name[:at] + letter + name[at:],
        "r": name[:at] + letter + name[at + 1 :],
        "d": name[:at] + name[at + 1 :],
        "s": name[: max(at - 1, 0)] + name[at] + name[max(at - 1, 0) : at] + name[at + 1 :],
        "_": name[:at] + "_" * (at > 0) + name[at:],
    }[kind]
    names = SimilarNames([name, "another_name", "wholly_other"])
    assert mistyped == name or names.similar_to(mistyped) == name


def test_a_mapping_of_new_names_costs_little_among_as_many_as_a_tenant_may_have() -> None:
    existing = [f"attribute_of_a_long_name_{number}" for number in range(MAX_ATTRIBUTES)]
    new = [f"another_column_of_a_file_{number}" for number in range(MAX_MAPPED_COLUMNS)]

    def look() -> None:
        names = SimilarNames(existing)
        assert not any(map(names.similar_to, new))

    assert seconds(look) < 3
