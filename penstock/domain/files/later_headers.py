"""Columns that the start of a file does not name: below a title, below titles of groups of columns, or keys of later
rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.header_faults import MAX_NAME_IN_FAULT

LINES_BELOW = 5  # the first line that are looked at
ROWS_BELOW = 3  # a header, of which one is not blank
DELIMITERS = "\t;,|"
MIN_COLUMNS = 3
MIN_BLANK = 0.5  # share of blank names in the first line
NAMED_KEYS = 5
MIN_NAMED = 0.8  # share of names in the line that is the header


def later_header(names: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> Fault | None:
    """The warning about a file with `names` in its first line and these first rows, each with its line."""
    blank = sum(not name.strip() for name in names)
    if len(names) < MIN_COLUMNS or blank < len(names) * MIN_BLANK:
        return None
    line = next((line for line, row in rows[:LINES_BELOW] if _are_names(row)), None)
    if line is None:
        return None
    return _header_below(f"{blank} of {len(names)} columns have no name in line 1", line)


def header_below_title(text: str, columns: int) -> Fault | None:
    """The fault of a file whose first line, of so many columns, is a title; `text` is its first lines."""
    lines = text.splitlines()[: LINES_BELOW + ROWS_BELOW]
    for delimiter in DELIMITERS:
        rows = [line.split(delimiter) for line in lines]
        for line, row in enumerate(rows[1 : LINES_BELOW + 1], 2):
            named = [cell.strip().strip('"') for cell in row]
            following = next((len(each) for each in rows[line:] if any(each)), 0)
            if 2 * columns < len(row) <= following and _are_names(named):
                return _header_below("line 1 looks like a title", line)
    return None


def _header_below(what: str, line: int) -> Fault:
    return Fault(
        code="header_below",
        message=f"{what}, and line {line} looks like the header",
        hint=f"Delete the lines above line {line}, and take the file in again: tail -n +{line} FILE > NEW_FILE",
    )


def later_keys(unknown: Mapping[str, int]) -> Fault:
    """The warning about a sample in which so many rows have keys that the first rows have not."""
    often = sorted(unknown, key=lambda name: (-unknown[name], name))
    named = ", ".join(f"{name[:MAX_NAME_IN_FAULT]!r} in {unknown[name]:,}" for name in often[:NAMED_KEYS])
    others = f", and {len(often) - NAMED_KEYS:,} others" if len(often) > NAMED_KEYS else ""
    return Fault(
        code="later_keys",
        message=f"rows of the sample have keys that no row in the first megabyte has: {named}{others}; "
        "such rows will be rejected",
        hint="Move a row with every key to the start of the file, or ingest the reject file by itself afterwards.",
    )


def missing_keys(columns: Sequence[str]) -> Fault:
    """The warning about keys of a saved mapping that no first row has."""
    named = ", ".join(repr(name) for name in columns[:NAMED_KEYS])
    others = f" and {len(columns) - NAMED_KEYS:,} others" if len(columns) > NAMED_KEYS else ""
    return Fault(
        code="missing_keys",
        message=f"no row at the start of the file has the mapped keys {named}{others}: they are blank in rows without",
        hint="That is right for optional keys. If one was renamed, map its new name.",
    )


def _are_names(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are different words, and none is a number or an address."""
    words = [cell.strip() for cell in cells if cell.strip()]
    return (
        len(words) >= max(len(cells) * MIN_NAMED, MIN_COLUMNS)
        and len(set(words)) == len(words)
        and all(any(map(str.isalpha, word)) and "@" not in word and not word[0].isdigit() for word in words)
    )
