"""Columns whose format is not that of their cells are warned about, and no others."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import Attribute, parse_format
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.poor_formats import poor_formats

DATES = [f"{day:02}.04.2025 08:31" for day in range(1, 29)]


def warned(written: str, cells: list[str], **options: object) -> list[str]:
    column = ColumnMapping(column="seen", attribute="a", format=parse_format(written), **options)
    attribute = Attribute(name="a", display_name="A")
    found = poor_formats(Sample(["other", "seen"], [[""] * len(cells), cells], complete=True), [column], [attribute])
    return [each.message for each in found]


def test_a_format_that_no_cell_fits() -> None:
    assert warned("datetime", DATES) == ["only 0 of the first 28 cells of the column 'seen' fit datetime"]


@pytest.mark.parametrize(
    ("written", "cells", "options"),
    [
        ("datetime(dd.MM.yyyy HH:mm)", DATES, {}),
        ("datetime(dd.MM.yyyy HH:mm)", [*DATES, *["later"] * 28], {}),
        ("datetime", DATES[:4], {}),
        ("text", DATES, {}),
        ("phone(@other)", DATES, {}),
        ("integer", ["n/a"] * 20, {"blanks": ("n/a",)}),
        ("enum(gold)", ["Goud"] * 20, {"values": {"Goud": "gold"}}),
    ],
)
def test_other_columns_are_not_warned_about(written: str, cells: list[str], options: dict[str, object]) -> None:
    assert warned(written, cells, **options) == []
