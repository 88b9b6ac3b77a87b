"""What the console says of rows that stop counting, and of the number that a person types."""

from __future__ import annotations

import pytest

from penstock.application.requests.counting_rows import CountingRows
from services.uploader.console.import_replacing import fault_of, number_in
from services.uploader.console.shown_replacing import stops_counting, would_remove

AGAIN = " Rows are not people: a person who is in several of these rows is counted with each."


@pytest.mark.parametrize(
    "typed", ["12345", "12,345", "12.345", "12 345", "12’345", "12'345", "12\u00a0345", " 12_345 "]
)
def test_separators_are_no_part_of_a_number(typed: str) -> None:
    assert number_in(typed) == 12_345


@pytest.mark.parametrize("typed", ["", "all", "-12345", "12345 rows", "٣", "9" * 19, "1e3"])
def test_other_text_is_no_number(typed: str) -> None:
    assert number_in(typed) is None


@pytest.mark.parametrize(
    ("counting", "expected"),
    [
        (CountingRows(1, 1, 0, 5, are_all=True), "have stored stops counting: 1 row of 1 import."),
        (CountingRows(12_345, 3, 0, 5, are_all=True), f"stops counting: 12,345 rows of 3 imports.{AGAIN}"),
        (CountingRows(913, 1, 2, 5, are_all=True), f"stops counting: 913 rows of 1 import and 2 corrections.{AGAIN}"),
        (CountingRows(12_345, 3, 0, 5, are_all=False), f": more than 12,345 rows of more than 3 imports.{AGAIN}"),
        (CountingRows(0, 0, 0, None, are_all=False), f"stops counting: more than 0 rows.{AGAIN}"),
        (CountingRows(0, 0, 0, None, are_all=True), "No earlier import of Till counts, so nothing stops counting."),
    ],
)
def test_rows_that_stop_counting_in_words(counting: CountingRows, expected: str) -> None:
    assert stops_counting("Till", counting).endswith(expected)


def test_the_choice_to_replace_says_how_many_imports_it_would_remove() -> None:
    assert would_remove(CountingRows(913, 1, 2, 5, are_all=True)) == "1 import and 2 corrections"
    assert would_remove(CountingRows(12_345, 3, 0, 5, are_all=False)) == "more than 3 imports"
    assert would_remove(CountingRows(0, 0, 0, None, are_all=False)) == "all earlier imports"


def test_a_wrong_number_is_named_with_what_to_do() -> None:
    assert fault_of("12", "900", 900).startswith("This is not the number")
    assert fault_of("", "900", 900).startswith("The number of rows that stop counting is missing")
    assert fault_of("900", "900", 1_050).startswith("The number has changed")
    assert all("Type 1,050 here" in fault_of(typed, "900", 1_050) for typed in ("", "900", "7"))
