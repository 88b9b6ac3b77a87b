"""`penstock profile`: one profile, from any of its identifiers."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.domain.errors import NotFound
from services.cli.asked_value import read_value
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Key, Url
from services.cli.views import profile_view

_WHY_NOT = "perhaps its row was rejected or its request undone, and spelling and case count"


def profile(
    namespace: Annotated[str, typer.Argument(help="The identifier's attribute, such as crmid.")],
    value: Annotated[
        str | None,
        typer.Argument(help="The identifier's value; - reads it from stdin, and without it you are asked for it."),
    ] = None,
    lineage: Annotated[bool, typer.Option("--lineage", help="With the file, request and line of every value.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With personal values; this is audited.")] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show one profile; personal values are masked unless revealed.

    Every user of this machine can see the arguments of a command: give a personal identifier by stdin, or when asked.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        try:
            found = client.profile(namespace, read_value(value, namespace), reveal=reveal)
        except NotFound as error:
            raise NotFound(f"{error}; {_WHY_NOT}") from None
        if not lineage:
            del found["lineage"]
        out.result(found, lambda: profile_view(found))


def register(app: typer.Typer) -> None:
    app.command()(profile)
