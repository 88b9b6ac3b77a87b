"""`penstock profile`: one profile, from any of its identifiers."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.hidden_input import read_value
from services.cli.options import AsJson, Data, Key, Url
from services.cli.profile_views import profile_view


def profile(
    namespace: Annotated[str, typer.Argument(help="The identifier's attribute, such as crmid.")],
    value: Annotated[
        str | None,
        typer.Argument(help="The identifier's value; - reads it from stdin; omit it to be prompted."),
    ] = None,
    lineage: Annotated[bool, typer.Option("--lineage", help="Show the file, request and line of every value.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal values; this is audited.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Show the earlier values too: who said what, when, in which file.")
    ] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show one profile; personal values are masked unless revealed.

    Every user of this machine can see command arguments: enter a personal identifier by stdin or at the prompt.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.profile(namespace, read_value(value, namespace), reveal=reveal, history=history)
        left_out = {name for name, is_wanted in (("lineage", lineage), ("history", history)) if not is_wanted}
        document = {name: value for name, value in found.items() if name not in left_out}
        out.result(document, lambda: profile_view(document))


def register(app: typer.Typer) -> None:
    app.command()(profile)
