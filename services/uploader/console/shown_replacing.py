"""What stops counting when an import replaces what earlier ones of its data source have stored, in words."""

from __future__ import annotations

from penstock.application.requests.counting_rows import CountingRows
from services.uploader.console.rendering import counted


def stops_counting(source: str, counting: CountingRows) -> str:
    """`source` is what the page calls the data source."""
    if counting.are_none:
        return f"No earlier import of {source} counts, so nothing stops counting."
    return (
        f"Everything that earlier imports of {source} have stored stops counting: {_rows(counting)}.{_again(counting)}"
    )


def would_remove(counting: CountingRows) -> str:
    """What stands at the choice to replace, before what these imports have brought first: 2 imports."""
    if not counting.imports:
        return "all earlier imports"
    corrections = f" and {counted(counting.corrections, 'correction')}" if counting.corrections else ""
    return f"{'' if counting.are_all else 'more than '}{counted(counting.imports, 'import')}{corrections}"


def _rows(counting: CountingRows) -> str:
    """1 row of 1 import; more than 12,345 rows of more than 3 imports, if there may be older ones."""
    more = "" if counting.are_all else "more than "
    rows = f"{more}{counted(counting.rows, 'row')}"
    if not counting.imports:
        return rows
    corrections = f" and {counted(counting.corrections, 'correction')}" if counting.corrections else ""
    return f"{rows} of {more}{counted(counting.imports, 'import')}{corrections}"


def _again(counting: CountingRows) -> str:
    """Rows are what is counted, not the people that they are about."""
    if counting.are_all and counting.imports + counting.corrections == 1:
        return ""
    return " Rows are not people: a person who is in several of these rows is counted with each."
