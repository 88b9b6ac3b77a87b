"""Commands for publishers: the services that may offer files of a tenant's by events (schemas/README.md)."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.access.api_keys import Access
from penstock.application.access.publishers import OVERLAP_SECONDS, Publisher
from penstock.domain.requests.request import rfc3339
from penstock.wiring import System
from penstock.wiring.uploads import publishers_of
from services.cli.connecting import open_configured_system
from services.cli.failures import reporting
from services.cli.local_user import local_user
from services.cli.options import AsJson, Data
from services.cli.output import Document
from services.cli.views import records_view

PublisherId = Annotated[str, typer.Argument(metavar="PUBLISHER_ID", help="As `penstock publisher list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="Services that may offer files by events.")


@app.command("create")
def create_publisher(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The service, as it is shown with its uploads.")],
    prefix: Annotated[
        list[str], typer.Option(metavar="s3://BUCKET/FOLDER/", help="What it may offer; several may be given.")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Register a service; its key is shown this once."""
    with reporting(as_json=as_json) as out, open_configured_system(data, create=True) as system:
        key, publisher = publishers_of(system).create(system.settings.tenant, name, prefix)
        _audit(system, "publisher.created", publisher.publisher_id, prefixes=" ".join(publisher.prefixes))
        out.result({**_document(publisher), "key": key.hex()}, lambda: _key_view(publisher, key))


@app.command("list")
def list_publishers(data: Data = None, as_json: AsJson = False) -> None:
    """List the services, without their keys."""
    with reporting(as_json=as_json) as out, open_configured_system(data) as system:
        found = [_document(publisher) for publisher in publishers_of(system).all(system.settings.tenant)]
        shown = [{**each, "prefixes": " ".join(each["prefixes"])} for each in found]
        out.result({"publishers": found}, lambda: records_view(shown, "publisher_id", "name", "prefixes", "created_at"))


@app.command("rotate")
def rotate_key(publisher_id: PublisherId, data: Data = None, as_json: AsJson = False) -> None:
    """Give a service a new key. The one before stays good for a week, one before that ends at once."""
    with reporting(as_json=as_json) as out, open_configured_system(data) as system:
        key, publisher = publishers_of(system).rotate(system.settings.tenant, publisher_id)
        _audit(system, "publisher.rotated", publisher_id)
        until = rfc3339(publisher.keys[0].created_at + OVERLAP_SECONDS * 1_000_000)
        document = {**_document(publisher), "key": key.hex(), "previous_key_until": until}
        out.result(document, lambda: _key_view(publisher, key))


@app.command("revoke")
def revoke_publisher(publisher_id: PublisherId, data: Data = None, as_json: AsJson = False) -> None:
    """End a service's right to offer files, and its keys, at once."""
    with reporting(as_json=as_json) as out, open_configured_system(data) as system:
        publishers_of(system).revoke(system.settings.tenant, publisher_id)
        _audit(system, "publisher.revoked", publisher_id)
        out.result({"publisher_id": publisher_id, "revoked": True}, lambda: Text("The publisher is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="publisher")


def _audit(system: System, action: str, publisher_id: str, **details: str) -> None:
    access = Access(system.control, system.clock)
    access.audit(system.settings.tenant, local_user(), action, {"publisher_id": publisher_id, **details})


def _document(publisher: Publisher) -> Document:
    return {
        "publisher_id": publisher.publisher_id,
        "name": publisher.name,
        "prefixes": list(publisher.prefixes),
        "created_at": rfc3339(publisher.created_at),
    }


def _key_view(publisher: Publisher, key: bytes) -> RenderableType:
    return Group(
        Text(f"{publisher.publisher_id}  {key.hex()}", style="bold"),
        Text("The publisher's id and its key, 32 bytes in hex. The key is not shown again.", style="dim"),
    )
