"""Commands for API keys. They work on the data folder, so that the first key needs no other."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.access import Access, ApiKey, Role
from penstock.domain.request import rfc3339
from services.cli.connecting import open_folder
from services.cli.failures import reporting
from services.cli.local_user import local_user
from services.cli.options import AsJson, Data
from services.cli.output import Document
from services.cli.views import records_view

app = typer.Typer(no_args_is_help=True, help="API keys.")


@app.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="Each may do what those before it may: viewer, uploader, admin.")],
    name: Annotated[str | None, typer.Option(help="Who or what will use it; your own name otherwise.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key; it is shown this once."""
    with reporting(as_json=as_json) as out, open_folder(data, create=True) as system:
        access = Access(system.control, system.clock)
        secret, key = access.create_key(system.settings.tenant, role, name or local_user())
        access.audit(system.settings.tenant, local_user(), "key.created", {"key_id": key.key_id, "role": key.role})
        out.result({**_document(key), "key": secret}, lambda: _created_view(secret))


@app.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """List the keys, without their texts."""
    with reporting(as_json=as_json) as out, open_folder(data) as system:
        found = [_document(key) for key in Access(system.control, system.clock).list_keys(system.settings.tenant)]
        out.result({"api_keys": found}, lambda: records_view(found, "key_id", "name", "role", "created_at"))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `penstock key list` shows it.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a key at once."""
    with reporting(as_json=as_json) as out, open_folder(data) as system:
        access = Access(system.control, system.clock)
        access.revoke_key(system.settings.tenant, key_id)
        access.audit(system.settings.tenant, local_user(), "key.revoked", {"key_id": key_id})
        out.result({"key_id": key_id, "revoked": True}, lambda: Text("The key is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key")


def _document(key: ApiKey) -> Document:
    return {"key_id": key.key_id, "name": key.name, "role": key.role, "created_at": rfc3339(key.created_at)}


def _created_view(secret: str) -> RenderableType:
    return Group(
        Text(secret, style="bold"), Text("It is not shown again. Send it as: Authorization: Bearer KEY", "dim")
    )
