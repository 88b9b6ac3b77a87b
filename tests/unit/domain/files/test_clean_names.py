"""Cleaned names obey the rules, whatever they were; names that obey them stay."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.clean_names import Renamed, clean_names, renamed_columns
from penstock.domain.files.column_names import validate_names

NAMES = st.lists(
    st.text(st.sampled_from("ab_2 -\t\n\u00a0\u202e\u200bcolumn") | st.characters(codec="utf-8"), max_size=6)
)


@pytest.mark.parametrize(
    ("names", "cleaned"),
    [
        (["crmid", " first name ", "e-mail"], ["crmid", "first_name", "e_mail"]),
        (["a", "", "\u00a0"], ["a", "column_2", "column_3"]),
        (["city", "city", "city"], ["city", "city_2", "city_3"]),
        (["a b", "a-b", "a_b"], ["a_b_2", "a_b_3", "a_b"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        (
            ["penstock_line", "penstock_line_2", "penstock reasons"],
            ["penstock_line_3", "penstock_line_2", "penstock_reasons_2"],
        ),
        (["zo\u0308e\u202e", "last\nname"], ["zo\u0308e", "last_name"]),
    ],
)
def test_names_are_cleaned(names: list[str], cleaned: list[str]) -> None:
    assert clean_names(names) == cleaned


def test_five_thousand_equal_names_are_cleaned_in_a_few_steps_each() -> None:
    """The tenth of them takes as many steps as the last."""
    steps = [_steps(["a"] * count) for count in (500, 1_000)]
    assert steps[1] < 2.2 * steps[0]
    assert clean_names(["a"] * 5_000)[-1] == "a_5000"


def _steps(names: list[str]) -> int:
    """The lines of Python that cleaning these names executes."""
    executed = 0

    def count(*_: Any) -> Any:
        nonlocal executed
        executed += 1
        return count

    traced = sys.gettrace()
    sys.settrace(count)
    try:
        clean_names(names)
    finally:
        sys.settrace(traced)
    return executed


@given(NAMES)
def test_cleaned_names_obey_the_rules_and_stay(names: list[str]) -> None:
    cleaned = clean_names(names)
    assert validate_names(cleaned) == []
    assert clean_names(cleaned) == cleaned


@given(NAMES)
def test_names_that_obey_the_rules_are_kept(names: list[str]) -> None:
    unique = list(dict.fromkeys(names))
    cleaned = clean_names(unique)
    faulty = {fault.position for fault in validate_names(unique)}
    assert all(cleaned[at] == name for at, name in enumerate(unique) if at + 1 not in faulty)


def test_a_renamed_column_has_the_rules_that_its_name_breaks() -> None:
    assert renamed_columns(["crmid", " First name", "E-mail", "", "city", "city"]) == {
        "First_name": Renamed(" First name", ["has a space before or after its name", "has a space in its name"]),
        "E_mail": Renamed("E-mail", ["has a hyphen in its name"]),
        "column_4": Renamed("", ["has no name"]),
        "city_2": Renamed("city", ["has the same name as column 5"]),
    }


@given(NAMES)
def test_only_columns_whose_names_change_are_renamed(names: list[str]) -> None:
    found = renamed_columns(names)
    assert set(found) == {new for name, new in zip(names, clean_names(names), strict=True) if name != new}
