"""Commands for API keys. The first one is created in the data folder, which needs no other key."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.access.permissions import Role
from penstock.domain.days import DAY_US
from penstock.domain.errors import refusal
from services.cli.connecting import connect
from services.cli.failures import BadUsage, reporting
from services.cli.local_caller import local_user
from services.cli.options import AsJson, Data, Key, Url
from services.cli.output import printable
from services.cli.views import records_view

COLUMNS = ("key_id", "name", "role", "created_at", "expires_at", "last_used_at")
_DURATION = re.compile("(?P<number>[0-9]{1,6})(?P<unit>[dh])")
_MICROSECONDS = {"d": DAY_US, "h": 3_600_000_000}

app = typer.Typer(no_args_is_help=True, help="API keys.")


@app.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="The role; docs/http-api.md lists the permissions of each.")],
    name: Annotated[
        str | None, typer.Option(help="The name of its user, a person or a service; default: your user name.")
    ] = None,
    expires_in: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Such as 90d or 12h; without it, the key is valid until revoked."),
    ] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a key; it is shown only once."""
    with reporting(as_json=as_json) as out:
        expires_at = None if expires_in is None else time.time_ns() // 1_000 + microseconds(expires_in)
        with connect(data, url, key, create=True) as client:
            made = client.create_key(role, name or local_user(), expires_at=expires_at)
        out.result(made, lambda: _created_view(printable(made["key"])))


@app.command("list")
def list_keys(data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.keys()
        out.result({"api_keys": found}, lambda: records_view(found, *COLUMNS))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `penstock key list` shows it.")],
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        client.revoke_key(key_id)
        out.result({"key_id": key_id, "revoked": True}, lambda: Text("The key is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key")


def microseconds(duration: str) -> int:
    """The microseconds of a duration such as `90d` or `12h`. Raises `BadUsage`."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        fault = refusal(
            "invalid_duration", "--expires-in is not a duration", "Give a number of days or hours: 90d, 12h."
        )
        raise BadUsage(fault.faults)
    return int(match["number"]) * _MICROSECONDS[match["unit"]]


def _created_view(secret: str) -> RenderableType:
    return Group(
        Text(secret, style="bold"), Text("It is not shown again. Send it as: Authorization: Bearer KEY", "dim")
    )
