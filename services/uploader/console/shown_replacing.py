"""What stops counting when an import replaces what earlier ones of its data source have stored, in words."""

from __future__ import annotations

from penstock.application.requests.counting_rows import CountingRows
from services.uploader.console.rendering import counted


def stops_counting(source: str, counting: CountingRows) -> str:
    """`source` is what the page calls the data source."""
    if counting.are_none:
        return f"No earlier import of {source} counts, so nothing stops counting."
    return f"Everything that earlier imports of {source} have stored, {rows_in_words(counting)}, stops counting."


def rows_in_words(counting: CountingRows) -> str:
    """1 row; more than 12,345 rows, if there may be older ones."""
    return f"{'' if counting.are_all else 'more than '}{counted(counting.rows, 'row')}"
