"""The words in a column with countries that name none."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.domain.suggestions.unknown_countries import unknown_countries


@pytest.mark.parametrize(
    ("cells", "words", "value_map"),
    [
        ({"Schweiz": 9}, "", ""),
        ({"Schwiez": 1, "Schweiz": 9}, "'Schwiez' 1 (perhaps 'Schweiz' misspelt)", '{"Schwiez": "CH"}'),
        ({"Atlantis": 5, "Jansen": 1}, "'Atlantis' 5, 1 other", '{"Atlantis": "XX"}'),
        ({"Jansen": 4, "a@b.ch": 9, "0791234567": 9}, "22 of words that are rare, or values", ""),
        (
            {f"x{'y' * at}": 9 for at in range(8)},
            "'x' 9, 'xy' 9, 'xyy' 9, 'xyyy' 9, 'xyyyy' 9, 'xyyyyy' 9, 18 others",
            None,
        ),
    ],
)
def test_words_that_name_no_country(cells: dict[str, int], words: str, value_map: str | None) -> None:
    found = unknown_countries(Counter(cells), ["Schweiz"])
    assert str(found) == words
    assert value_map is None or found.value_map == value_map
