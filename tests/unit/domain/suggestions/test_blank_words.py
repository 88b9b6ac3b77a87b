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
        *("nespecificat", "neuvedeno", "nije navedeno", "tidak ada data", "không có thông tin", "ikke utfylt"),
        *("няма данни", "ไม่ระบุ", "ไม่ทราบ", "غير محدد", "לא צוין"),
        *("-keine-", "<unknown>", "(sans)", "[none]", "-k.A.-", "– keine Angabe –"),
    ],
)
def test_words_for_blank_are_suggested_in_any_column(cell: str) -> None:
    assert words("gold", cell, typed=False) == (cell,)


@pytest.mark.parametrize(
    "cell",
    [
        *("k.A.", "k. A.", "K.A", "sans", "s/o", "n.b.", "geen", "keine", "n/d", "okänd", "kein email", "pas d’email"),
        *("fara", "necunoscut", "Nu are", "s/n", "SIN NUMERO", "sin tarjeta", "žádný", "není", "nema", "không có"),
        *("tidak ada", "няма", "без", "ไม่มี", "لا يوجد", "אין"),
        *("未登録", "不明", "なし", "無し", "該当なし", "非公開", "未設定"),
    ],
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


CITIES = ["Milano", "Roma", "Bari", "Como"] * 24
AMOUNTS = [f"{number},50" for number in range(96)]


@pytest.mark.parametrize("word", ["n.d.", "N.D.", "none"])
def test_a_word_that_is_blank_in_another_column_is_blank_in_free_text(word: str) -> None:
    names, columns = ["citta", "fatturato"], [[*CITIES, word, word], [*AMOUNTS, "n.d.", "none"]]
    city, amount = suggest_mapping(Sample(names, columns, complete=True), BUILTIN).columns
    assert (city.attribute.name, city.blanks) == ("city", (word,))
    assert f"2 cells are {word!r}, blank in other columns too" in city.evidence
    assert amount.blanks == ("n.d.", "none")


def test_one_cell_is_a_word_for_blank() -> None:
    names, columns = ["citta", "fatturato"], [[*CITIES, "n.d."], [*AMOUNTS, "n.d."]]
    city, _ = suggest_mapping(Sample(names, columns, complete=True), BUILTIN).columns
    assert "1 cell is 'n.d.', blank in other columns too" in city.evidence


@pytest.mark.parametrize("amounts", [[*AMOUNTS, "1,00"], [*AMOUNTS, "jamais"], [*AMOUNTS, "k.A."]])
def test_free_text_keeps_a_word_that_is_not_blank_elsewhere(amounts: list[str]) -> None:
    sample = Sample(["citta", "fatturato"], [[*CITIES, "n.d."], amounts], complete=True)
    assert suggest_mapping(sample, BUILTIN).columns[0].blanks == ()
