"""`penstock rejected-rows`: the rejected rows in a terminal, personal values masked unless revealed."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.limits import MAX_PAGE
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Key, RequestId, Url
from services.cli.output import Document, all_printable
from services.cli.views import records_view

MAX_HINTS = 10  # how the cells of so many columns have to be written
MAX_CELLS = 6  # of a row whose reasons name no column


def rejected_rows(
    request_id: RequestId,
    reason: Annotated[
        str,
        typer.Option(
            metavar="CODE", help="Only rows with this code as their first reason; with --dropped, of a lost cell."
        ),
    ] = "",
    dropped: Annotated[
        bool, typer.Option("--dropped", help="The rows that were ingested without cells that did not fit.")
    ] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal values; this is audited.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="How many rows.")] = 20,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the first rejected rows: why, and the cells that are the cause, masked if they may be personal.

    All of them, to correct them: penstock rejects.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        page = client.rejected_rows(request_id, reason=reason, dropped=dropped, reveal=reveal, limit=limit)
        out.result(page, lambda: rows_view(page))


def rows_view(page: Document) -> RenderableType:
    page = all_printable(page)
    records = [
        {
            "line": f"{row['line']:,}" if row["line"] is not None else "?",
            "why": "; ".join(_reason_text(each) for each in row["reasons"]),
            "cells": _cells_text(row, page["columns"]),
            "state": "corrected" if row["is_corrected"] else "",
        }
        for row in page["rows"]
    ]
    if not records:
        return Text("There are none.")
    hints = dict.fromkeys(_hint_text(each) for row in page["rows"] for each in row["reasons"] if "column" in each)
    more = [Text(hint) for hint in [*hints][:MAX_HINTS]]
    more += [Text("There are more; --limit shows more at once.", style="dim")] if page["next"] else []
    return Group(records_view(records, "line", "~why", "cells", "state"), *more)


def _hint_text(reason: Document) -> str:
    return f"{reason['column']}: {reason['hint']}"


def _reason_text(reason: Document) -> str:
    where = f"{reason['column']}: " if "column" in reason else ""
    return f"{where}{reason['message'].removesuffix('.')} ({reason['code']})"


def _cells_text(row: Document, columns: list[str]) -> str:
    """The cells of the columns that the reasons name; if they name none, the first ones."""
    named = {name for each in row["reasons"] for name in each.get("column", "").split("+")}
    pairs = list(zip(columns, row["cells"], strict=False))
    displayed = [pair for pair in pairs if pair[0] in named] or pairs[:MAX_CELLS]
    return ", ".join(f"{column}={cell}" for column, cell in displayed)


def register(app: typer.Typer) -> None:
    app.command("rejected-rows")(rejected_rows)
