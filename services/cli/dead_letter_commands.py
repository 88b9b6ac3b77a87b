"""Commands for dead letters: show events that cannot be handled, and replay them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.errors import refusal
from services.cli.connecting import connect
from services.cli.failures import BadUsage, reporting
from services.cli.options import AsJson, Data, Key, Url
from services.cli.output import Document, printable
from services.cli.views import facts_view, records_view

DeadLetterId = Annotated[str, typer.Argument(metavar="ID", help="PARTITION/OFFSET, as `list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="Events that cannot be handled.")


@app.command("list")
def list_dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters with their reasons and places, oldest first."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.dead_letters.all(reason=reason)
        columns = ("dead_letter_id", "at", "reason", "topic", "partition", "offset", "event_type")
        out.result({"dead_letters": found}, lambda: records_view(found, *columns))


@app.command("show")
def show_dead_letter(
    dead_letter_id: DeadLetterId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a dead letter with its event; of undecodable bytes, only their number and hash."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        document = client.dead_letters.get(dead_letter_id)
        out.result(document, lambda: _view(document))


@app.command("replay")
def replay_dead_letters(
    dead_letter_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="PARTITION/OFFSET.")] = None,
    all_with_reason: Annotated[str | None, typer.Option(metavar="REASON", help="All with this reason.")] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Publish events again, unchanged, after their reason is fixed. Events that were handled meanwhile change nothing.

    They stay in the list until the retention of the log is over.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        if (dead_letter_id is None) == (all_with_reason is None):
            fault = refusal("usage", "replay needs either an ID or --all-with-reason", "Give one of the two.")
            raise BadUsage(fault.faults)
        document = client.dead_letters.replay(dead_letter_id=dead_letter_id, reason=all_with_reason)
        out.result(document, lambda: Text(f"{len(document['replayed']):,} published again."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="dead-letters")


def _view(document: Document) -> RenderableType:
    facts = {name: value for name, value in document.items() if name != "event"}
    parts = [facts_view((name.replace("_", " "), Text(printable(value))) for name, value in each.items())
             for each in (facts, document["event"])]  # fmt: skip
    return Group(parts[0], Text(), parts[1])
