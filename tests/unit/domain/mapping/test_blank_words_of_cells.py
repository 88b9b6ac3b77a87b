"""The cells of a column that its words for blank make blank are known by row and word."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.cells import SourceCells, cell_source
from penstock.domain.mapping.mapping import ColumnMapping

PLACES = {"member": 0, "name": 1}
FILE = [["C-1", " N/A ", "", "?"], ["Jo Bo", "Jo n/a", "n/a", "?"]]


def cells(mapped: ColumnMapping) -> SourceCells:
    return cell_source(mapped, PLACES)(FILE, 4)


def test_only_cells_that_are_a_word_are_counted_in_any_case_and_not_empty_ones() -> None:
    found = cells(ColumnMapping(column="member", attribute="crmid", blanks=("n/a", "?")))
    assert found == SourceCells(["C-1", "", "", ""], {1: "n/a", 3: "?"})


def test_a_column_without_words_is_taken_as_it_is() -> None:
    assert cells(ColumnMapping(column="member", attribute="crmid")) == SourceCells(FILE[0])
    assert cells(ColumnMapping(column="member", attribute="crmid")).cells is FILE[0]


@pytest.mark.parametrize(
    ("mapped", "expected"),
    [
        (
            ColumnMapping(columns=("member", "name"), attribute="key", blanks=("n/a", "?")),
            SourceCells(["C-1 Jo Bo", "Jo n/a", "", ""], {1: "n/a", 2: "n/a", 3: "?"}),
        ),
        (
            ColumnMapping(column="name", split=" ", part=-1, attribute="last_name", blanks=("n/a", "?")),
            SourceCells(["Bo", "", "", ""], {1: "n/a", 2: "n/a", 3: "?"}),
        ),
    ],
)
def test_words_of_columns_and_parts_count_once_a_row(mapped: ColumnMapping, expected: SourceCells) -> None:
    assert cells(mapped) == expected
