"""The shapes of dates with a time: halves of the day, words that a pattern would lose, and rare shapes."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.coercion.dates import DateTimeCoercer
from penstock.domain.suggestions.date_shapes import date_shapes
from penstock.domain.suggestions.sample import Cells

HALVES = [
    ("AM", "PM"),
    ("a.m.", "p.m."),
    ("a. m.", "p. m."),
    ("π.μ.", "μ.μ."),
    ("πμ", "ΜΜ"),
    ("오전", "오후"),
    ("午前", "午後"),
    ("上午", "下午"),
    ("ÖÖ", "ÖS"),
]


def times(*words: str) -> list[str]:
    """The patterns of the times of a column whose cells end with these words in turn."""
    cells = [
        f"{at % 28 + 1}/{at % 12 + 1}/2026 {at % 12 + 1}:{at % 60:02} {words[at % len(words)]}" for at in range(96)
    ]
    return sorted(shape.time.strip() for shape, _ in date_shapes(Cells("at", cells)))


@pytest.mark.parametrize(("before", "after"), HALVES)
def test_halves_of_the_day_in_several_languages(before: str, after: str) -> None:
    assert times(before, after) == ["h:mm a", "hh:mm a"]
    parse = DateTimeCoercer("d/M/yyyy h:mm a").parse
    assert [parse(f"1/2/2026 {hour}:05 {half}") for half in (before, after) for hour in (12, 1)] == [
        f"2026-02-01T{hour}:05:00" for hour in ("00", "01", "12", "13")
    ]


def test_words_that_differ_are_not_taken_for_letters_between_the_fields() -> None:
    assert times("преди", "след") == []
    assert times("EST", "CET") == []
    assert times("Uhr") == ["H:mm 'Uhr'", "HH:mm 'Uhr'"]


def test_a_shape_of_one_cell_in_a_hundred_is_found() -> None:
    usual = [f"{at % 28 + 1:02}/{at % 12 + 1:02}/19{at % 90 + 10}" for at in range(396)]
    shapes = date_shapes(Cells("born", [*usual, *["1966-06-17"] * 4]))
    assert [shape.separators for shape, _ in shapes] == [("/", "/"), ("-", "-")]
