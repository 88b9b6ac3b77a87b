"""Booleans in the words of a column."""

import pytest

from penstock.domain.mapping.coercion import CoercionError
from penstock.domain.mapping.coercion.booleans import BooleanCoercer


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ("ja,j|nee,n", {"JA": True, " j ": True, "Nee": False, "N": False}),
        ("sí|no", {"Si\u0301": True, "SÍ": True, "no": False}),
        ("да, д|нет, н", {"ДА": True, "д": True, "Нет": False}),
        ("evet|hayır", {"EVET": True, "HAYIR": False, "Hayır": False, "hayir": False}),
        ("bildi|bilmedi", {"BİLDİ": True, "BILDI": True, "bilmedi": False}),
        ("ı|i", {"I": False, "ı": True, "i": False}),
        ("opted in|opted out", {"Opted In": True, "opted out": False}),
        ("1|0", {"1": True, "0": False}),
        ("0|1", {"1": False, "0": True}),
    ],
)
def test_the_words_of_the_argument(words: str, cells: dict[str, bool]) -> None:
    assert BooleanCoercer(words).coerce_column(list(cells)) == (list(cells.values()), {})
    for cell, value in cells.items():
        assert BooleanCoercer(words).coerce_cell(cell) is value


@pytest.mark.parametrize("cell", ["yes", "true", "1", "jawel", "ja,j", "ja|nee", "si"])
def test_no_other_word_fits(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_boolean"):
        BooleanCoercer("ja,j|nee,n").coerce_cell(cell)
