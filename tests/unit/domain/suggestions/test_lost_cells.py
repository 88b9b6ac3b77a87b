"""Cells whose value a spreadsheet has lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from penstock.domain.mapping.attributes import TEXT
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.suggestions import ColumnSuggestion, Sample, suggest_mapping
from penstock.domain.suggestions.blank_words import blank_words
from penstock.domain.suggestions.lost_cells import is_lost
from penstock.domain.suggestions.sample import Cells

LOST = [
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#ÉRTÉK!",
    "#WERT!",
    "#BEZUG!",
    "#¡REF!",
    "####",
    "#",
]
AMOUNTS = [f"{number},50" for number in range(100, 300)]
TIMES = [f"2024-05-{number % 28 + 1:02} 10:{number % 60:02}:00" for number in range(200)]
STATUSES = ["active", "blocked"] * 100


def one(name: str, cells: Sequence[str]) -> ColumnSuggestion:
    columns = {"email": [f"p{number}@gmail.com" for number in range(len(cells))], name: cells}
    found = suggest_mapping(Sample(list(columns), list(columns.values()), complete=True), BUILTIN)
    return next(each for each in found.columns if each.column == name)


@pytest.mark.parametrize("cell", LOST)
def test_errors_of_a_spreadsheet_are_lost(cell: str) -> None:
    assert is_lost(cell)
    assert blank_words(Cells("spent", [cell, "12"]), typed=True) == ()


@pytest.mark.parametrize("cell", ["#N/A", "#NV", "#N/D", "#n/a", "#1", "#great", "C#", "", "#win!"])
def test_other_cells_are_not_lost(cell: str) -> None:
    assert not is_lost(cell)


@pytest.mark.parametrize("cell", ["#N/A", "#NV", "#N/D"])
def test_a_lookup_that_found_nothing_is_blank(cell: str) -> None:
    assert blank_words(Cells("spent", [cell, "12"]), typed=False) == (cell,)


@pytest.mark.parametrize("cells", [AMOUNTS, TIMES, STATUSES], ids=["amounts", "times", "options"])
@pytest.mark.parametrize("lost", ["#REF!", "##########"])
def test_lost_cells_of_a_typed_column_do_not_fit(cells: list[str], lost: str) -> None:
    found = one("column", [*cells, *[lost] * 8])
    assert found.format != TEXT
    assert (found.blanks, found.on_misfit) == ((), OnMisfit.DROP)
    assert "8 do not fit and would be left out" in found.against
    assert lost not in str(found.format)


def test_lost_cells_of_a_text_are_counted() -> None:
    found = one("remark", [*(f"called {number} times" for number in range(100)), "#NAME?", "####", "####"])
    assert (found.format, found.blanks) == (TEXT, ())
    assert any(each.startswith("3 cells are errors of a spreadsheet") for each in found.against)


def test_a_lost_number_identifies_nobody() -> None:
    found = one("customer_id", [*(f"C{number:05}" for number in range(100)), "#REF!", "#REF!"])
    assert found.identifier
    assert "#REF!" in found.blanks
