"""Commands for publishers: services that may offer a tenant's files by events (schemas/README.md).

To register one is not possible over HTTP: its prefixes name objects that the system may read, whose owner only an
operator knows.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.documents.publishers import publisher_view
from services.cli.connecting import connect, open_use_cases
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Key, Url
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
        document = {**publisher_view(publisher), "key": key.hex()}
        out.result(document, lambda: _key_view(document))


@app.command("list")
def list_publishers(data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """List the services, without their keys."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.publishers()
        rows = [{**each, "prefixes": " ".join(each["prefixes"])} for each in found]
        out.result({"publishers": found}, lambda: records_view(rows, "publisher_id", "name", "prefixes", "created_at"))


@app.command("rotate")
def rotate_key(
    publisher_id: PublisherId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Give a service a new key. The previous key stays valid for a week; any older one ends at once."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        rotated = client.rotate_publisher(publisher_id)
        out.result(rotated, lambda: _key_view(rotated))


@app.command("revoke")
def revoke_publisher(
    publisher_id: PublisherId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Revoke a publisher and its keys at once."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        client.revoke_publisher(publisher_id)
        out.result({"publisher_id": publisher_id, "revoked": True}, lambda: Text("The publisher is revoked."))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="publisher")


def _key_view(created: Document) -> RenderableType:
    return Group(
        Text(f"{created['publisher_id']}  {created['key']}", style="bold"),
        Text("The publisher's id and its key, 32 bytes in hex. The key is not shown again.", style="dim"),
    )
