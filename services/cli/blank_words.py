"""How many cells the words for blank of a mapping made blank, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from services.cli.output import printable

MAX_LISTED = 10  # columns


def blank_words_text(blank_words: Mapping[str, Mapping[str, int]]) -> Text:
    """`Blank words: 212 cells of Geburtsdatum (00/00/0000)`, the columns with the most cells first."""
    columns = sorted(blank_words.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    listed = [_cells(column, words) for column, words in columns[:MAX_LISTED]]
    left = len(columns) - len(listed)
    more = f", and {left:,} more {'column' if left == 1 else 'columns'}" if left else ""
    return Text(f"Blank words: {', '.join(listed)}{more}")


def _cells(column: str, words: Mapping[str, int]) -> str:
    total = sum(words.values())
    each = "" if len(words) == 1 else " {:,}"
    ordered = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{printable(word)}{each.format(count)}" for word, count in ordered)
    return f"{total:,} {'cell' if total == 1 else 'cells'} of {printable(column)} ({listed})"
