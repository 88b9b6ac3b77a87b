"""Commands for publishers: services that may offer a tenant's files by events (schemas/README.md)."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.access.publishers import OVERLAP_SECONDS, Publisher
from penstock.domain.requests.public_view import rfc3339
from services.cli.connecting import open_use_cases
from services.cli.failures import reporting
from services.cli.options import AsJson, Data
from services.cli.output import Document
from services.cli.views import records_view

PublisherId = Annotated[str, typer.Argument(metavar="PUBLISHER_ID", help="As `penstock publisher list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="Services that may offer files by events.")


@app.command("create")
def create_publisher(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the service, which its uploads show.")],
    prefix: Annotated[
        list[str],
        typer.Option(metavar="s3://BUCKET/FOLDER/", help="A folder that it may offer files from; repeatable."),
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Register a service; its key is shown only once."""
    with reporting(as_json=as_json) as out, open_use_cases(data, create=True) as local:
        key, publisher = local.use_cases.access.create_publisher(local.caller, name, prefix)
        out.result({**_document(publisher), "key": key.hex()}, lambda: _key_view(publisher, key))


@app.command("list")
def list_publishers(data: Data = None, as_json: AsJson = False) -> None:
    """List the services, without their keys."""
    with reporting(as_json=as_json) as out, open_use_cases(data) as local:
        found = [_document(publisher) for publisher in local.use_cases.access.publishers(local.caller)]
        rows = [{**each, "prefixes": " ".join(each["prefixes"])} for each in found]
        out.result({"publishers": found}, lambda: records_view(rows, "publisher_id", "name", "prefixes", "created_at"))


@app.command("rotate")
def rotate_key(publisher_id: PublisherId, data: Data = None, as_json: AsJson = False) -> None:
    """Give a service a new key. The previous key stays valid for a week; any older one ends at once."""
    with reporting(as_json=as_json) as out, open_use_cases(data) as local:
        key, publisher = local.use_cases.access.rotate_publisher(local.caller, publisher_id)
        until = rfc3339(publisher.keys[0].created_at + OVERLAP_SECONDS * 1_000_000)
        document = {**_document(publisher), "key": key.hex(), "previous_key_until": until}
        out.result(document, lambda: _key_view(publisher, key))


@app.command("revoke")
def revoke_publisher(publisher_id: PublisherId, data: Data = None, as_json: AsJson = False) -> None:
    """Revoke a publisher and its keys at once."""
    with reporting(as_json=as_json) as out, open_use_cases(data) as local:
        local.use_cases.access.revoke_publisher(local.caller, publisher_id)
        out.result({"publisher_id": publisher_id, "revoked": True}, lambda: Text("The publisher is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="publisher")


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
