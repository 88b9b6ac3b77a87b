"""`penstock sign-in`: a one-time link to the console, for the user of the machine where the data is."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.config import load_settings
from penstock.domain.access.session import LINK_US
from services.cli.connecting import Local, open_use_cases
from services.cli.console_address import DEFAULT, console_address
from services.cli.failures import reporting
from services.cli.options import AsJson, Data

LINK_MINUTES = LINK_US // 60_000_000


def sign_in(
    console: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"The address of the console; default: that of penstock up, or {DEFAULT}."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that signs you in to the console once, without an API key."""
    with reporting(as_json=as_json) as out:
        with open_use_cases(data) as local:
            url = sign_in_address(local, console or console_address(load_settings(data=data).data))
        out.result({"sign_in_url": url}, lambda: _view(url))


def sign_in_address(local: Local, console: str) -> str:
    """The address of a new sign-in link of the present user. Raises `Unavailable`."""
    secret = local.use_cases.access.create_sign_in_link(local.caller)
    return f"{console.rstrip('/')}/signin?link={secret}"


def _view(url: str) -> RenderableType:
    note = Text(
        f"It works once, within {LINK_MINUTES} minutes. For a console at another address, give that with --console.",
        style="dim",
    )
    return Group(Text(url), note)


def register(app: typer.Typer) -> None:
    app.command("sign-in")(sign_in)
