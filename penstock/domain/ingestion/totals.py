"""Rows that sum up a file, as spreadsheets and reports have them at the end: `Total;;;386 620,00`."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.profiles.junk_identifiers import names_a_total

MAX_FILLED = 0.5  # share of the cells: a row of data has more
ALWAYS_FEW = 2


def is_total(cells: Sequence[str]) -> bool:
    """Whether the first cell that is filled names a total, the others are numbers, and most are blank."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or len(filled) > max(ALWAYS_FEW, len(cells) * MAX_FILLED):
        return False
    return names_a_total(filled[0]) and all(any(map(str.isdigit, cell)) for cell in filled[1:])
