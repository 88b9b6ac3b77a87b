"""Commands for API keys. The first is made in the data folder, where that needs no other key."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.access import Role
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.local_user import local_user
from services.cli.options import AsJson, Data, Key, Url
from services.cli.views import records_view

app = typer.Typer(no_args_is_help=True, help="API keys.")


@app.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="Each may do what those before it may: viewer, uploader, admin.")],
    name: Annotated[str | None, typer.Option(help="Who or what will use it; your own name otherwise.")] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a key; it is shown this once."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        made = client.create_key(role, name or local_user())
        out.result(made, lambda: _created_view(made["key"]))


@app.command("list")
def list_keys(data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """List the keys, without their texts."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.keys()
        out.result({"api_keys": found}, lambda: records_view(found, "key_id", "name", "role", "created_at"))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `penstock key list` shows it.")],
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """End a key at once."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        client.revoke_key(key_id)
        out.result({"key_id": key_id, "revoked": True}, lambda: Text("The key is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key")


def _created_view(secret: str) -> RenderableType:
    return Group(
        Text(secret, style="bold"), Text("It is not shown again. Send it as: Authorization: Bearer KEY", "dim")
    )
