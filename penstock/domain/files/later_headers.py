"""A header that is not the first line of a file, because a spreadsheet has titles of groups of columns above it."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault

LINES_BELOW = 3  # the header that are looked at
MIN_COLUMNS = 3
MIN_BLANK = 0.5  # share of blank names in the first line
MIN_NAMED = 0.8  # share of names in the line that is the header


def later_header(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Fault | None:
    """The warning about a file with `names` in its first line and these first `rows`."""
    blank = sum(not name.strip() for name in names)
    if len(names) < MIN_COLUMNS or blank < len(names) * MIN_BLANK:
        return None
    line = next((line for line, row in enumerate(rows[:LINES_BELOW], 2) if _are_names(row)), None)
    if line is None:
        return None
    return Fault(
        code="header_below",
        message=f"{blank} of {len(names)} columns have no name in line 1, and line {line} looks like the header",
        hint=f"Delete the lines above line {line}, such as titles of groups of columns, and take the file in again.",
    )


def _are_names(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are different words, and none is a number or an address."""
    words = [cell.strip() for cell in cells if cell.strip()]
    return (
        len(words) >= max(len(cells) * MIN_NAMED, MIN_COLUMNS)
        and len(set(words)) == len(words)
        and all(any(map(str.isalpha, word)) and "@" not in word and not word[0].isdigit() for word in words)
    )
