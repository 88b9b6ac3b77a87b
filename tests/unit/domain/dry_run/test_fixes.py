"""What would fix the cells of a column: each candidate is tried on the cells themselves."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.domain.dry_run.fixes import Fix, FixOption, fixes
from penstock.domain.dry_run.invalid_cells import ColumnErrors
from penstock.domain.dry_run.sample import masked
from penstock.domain.errors import Refused
from penstock.domain.limits import MAX_INVALID_CELLS
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion import coercer


def invalid(*cells: str, sole_rows: int = 0) -> ColumnErrors:
    found = ColumnErrors("c", Counter(x=len(cells)), sole_rows)
    found.add_cells(cells)
    return found


def formats(*cells: str, format: str) -> dict[str, int]:
    found = fixes(invalid(*cells), parse_format(format), may_drop=False)
    return {fix.value: fix.cells for fix in found if fix.option is FixOption.FORMAT}


def test_phones_without_a_country_code_fit_a_region() -> None:
    assert formats("020 123 4567", "06 12345678", "no phone", format="phone")["phone(NL)"] == 2


def test_dates_in_another_pattern_fit_that_pattern() -> None:
    found = formats("31/12/1999", "30/11/2001", "12/31/1999", format="date")
    assert found["date(dd/MM/yyyy)"] == 2
    assert found["date(MM/dd/yyyy)"] == 1


def test_each_cell_counts_as_often_as_it_occurs() -> None:
    assert formats("31/12/1999", "31/12/1999", "x", format="date")["date(dd/MM/yyyy)"] == 2


@pytest.mark.parametrize("format", ["text", "email", "url", "enum(a|b)"])
def test_a_format_without_other_notations_has_none(format: str) -> None:
    assert formats("x", format=format) == {}


def test_a_format_that_takes_nothing_is_not_suggested() -> None:
    assert formats("gold", format="date") == {}


def test_words_for_blank_are_counted_in_any_case() -> None:
    found = fixes(invalid("N/A", "n/a", " - ", "gold"), parse_format("integer"), may_drop=False)
    assert Fix(FixOption.BLANKS, "-,n/a", 3) in found


def test_dropping_keeps_the_rows_that_were_rejected_for_this_column_alone() -> None:
    drop = Fix(FixOption.ON_MISFIT, "drop", 2)
    assert drop in fixes(invalid("x", sole_rows=2), parse_format("integer"), may_drop=True)
    assert drop not in fixes(invalid("x", sole_rows=2), parse_format("integer"), may_drop=False)


def test_no_more_than_a_bounded_number_of_different_cells_is_kept() -> None:
    found = invalid(*map(str, range(MAX_INVALID_CELLS + 5)), "0")
    assert len(found.cells) == MAX_INVALID_CELLS
    assert found.cells["0"] == 2


@pytest.mark.parametrize("format", ["phone", "date", "datetime"])
def test_every_suggested_format_can_be_used(format: str) -> None:
    cells = ("020 123 4567", "31/12/1999", "31/12/1999 23:59")
    for written in formats(*cells, format=format):
        try:
            coercer(parse_format(written))
        except Refused:
            pytest.fail(written)


@pytest.mark.parametrize(
    ("value", "shows"),
    [("Jansen", "J*****"), ("x", "x"), ("", ""), (None, ""), (1234, "1***"), ("a" * 99, "a" + "*" * 11)],
)
def test_a_masked_value_is_its_first_letter_and_stars(value: str | int | None, shows: str) -> None:
    assert masked(value) == shows


def test_a_column_with_a_region_gets_no_other_region() -> None:
    assert formats("020 123 4567", format="phone(@country|BE)") == {}


def test_the_more_common_of_two_formats_that_take_nearly_as_many_comes_first() -> None:
    """Italy's rules take nearly every number that begins with 0."""
    numbers = [f"020 123 {number:04}" for number in range(20)]
    assert next(iter(formats(*numbers, "0123 456", format="phone"))) == "phone(NL)"
