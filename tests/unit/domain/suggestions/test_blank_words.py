"""Words for blank: more of them in typed columns and identifiers than in free text."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions import Sample, suggest_mapping
from penstock.domain.suggestions.blank_words import blank_words, merged
from penstock.domain.suggestions.sample import Cells


def words(*cells: str, typed: bool) -> tuple[str, ...]:
    return blank_words(Cells("c", cells), typed=typed)


@pytest.mark.parametrize(
    "cell",
    [
        *("keine Angabe", "KEINE  ANGABE", "nicht angegeben", "non renseigné", "non renseigne", "sans objet"),
        *("niet bekend", "sin datos", "não informado", "nie dotyczy", "uppgift saknas", "not specified"),
        *("-keine-", "<unknown>", "(sans)", "[none]", "-k.A.-", "– keine Angabe –"),
    ],
)
def test_words_for_blank_are_suggested_in_any_column(cell: str) -> None:
    assert words("gold", cell, typed=False) == (cell,)


@pytest.mark.parametrize(
    "cell",
    ["k.A.", "k. A.", "K.A", "sans", "s/o", "n.b.", "geen", "keine", "n/d", "okänd", "kein email", "pas d’email"],
)
def test_abbreviations_and_single_words_mean_blank_only_where_no_text_is_expected(cell: str) -> None:
    assert words("x1", cell, typed=True) == (cell,)
    assert words("x1", cell, typed=False) == ()


@pytest.mark.parametrize("cell", ["K.", "NB-12", "kA 5", "Keine Ahnung & Co", "-5-", "(030)", "no way", "*" * 50])
def test_other_cells_are_values(cell: str) -> None:
    assert words(cell, typed=True) == ()


def test_an_identifier_of_text_has_the_words_of_typed_columns() -> None:
    numbers = [f"K{number}" for number in range(100)]
    sample = Sample(["Kundennummer", "Initialen"], [[*numbers, "k.A."], [*numbers, "K.A."]], complete=True)
    number, initials = suggest_mapping(sample, BUILTIN).columns
    assert (number.identifier, number.blanks) == (True, ("k.A.",))
    assert initials.blanks == ()


def test_words_of_several_lists_are_kept_once() -> None:
    assert merged(("N/A", "-"), ("n/a", "k.A.")) == ("N/A", "-", "k.A.")
