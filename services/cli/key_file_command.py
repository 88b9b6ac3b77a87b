"""The commands that create the key files of a cluster; the embedded runtime creates its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.config import DEFAULT_TENANT
from penstock.wiring import add_tenant_root, create_authority_file, create_key_file
from services.cli.failures import reporting
from services.cli.options import AsJson

_KUBECTL = "kubectl --namespace penstock create secret generic penstock-keys --from-file=keys.json={path}"

app = typer.Typer(no_args_is_help=True, help="The key file of the cluster runtime.")


@app.command("create")
def create(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The new file; nothing may exist at this path yet.")],
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="TENANT", envvar="PENSTOCK_TENANT", help="Whose root is in it.")
    ] = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Create a key file with a root for the first tenant; only its owner may read it."""
    with reporting(as_json=as_json) as out:
        create_key_file(path, tenant)
        document = {"key_file": str(path.absolute()), "tenant": tenant}
        out.result(document, lambda: _created_view(path.absolute(), tenant))


@app.command("add-tenant")
def add_tenant(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The name of the new tenant.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The original of the key file.")],
    as_json: AsJson = False,
) -> None:
    """Add a root for a new tenant to a key file. One that the tenant has is left as it is."""
    with reporting(as_json=as_json) as out:
        add_tenant_root(path, tenant)
        document = {"key_file": str(path.absolute()), "tenant": tenant}
        out.result(document, lambda: _added_view(path.absolute(), tenant))


@app.command("authority")
def authority(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The new file; nothing may exist at this path yet.")],
    key_file: Annotated[
        Path | None, typer.Option("--of", metavar="FILE", help="The key file; without it, a new authority key is made.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a file with the authority key alone, for services that hold no other key.

    It authenticates Penstock's records, and opens no customer's data. Of a key file, it is a part; with KMS, make a new
    one for all services.
    """
    with reporting(as_json=as_json) as out:
        create_authority_file(path, key_file)
        out.result({"authority_file": str(path.absolute())}, lambda: _authority_view(path.absolute(), key_file))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key-file")


def _created_view(path: Path, tenant: str) -> RenderableType:
    return Group(
        Text(f"{path} contains the root of tenant {tenant}.", style="bold"),
        Text(
            "Keep a copy, separate from the backups of the data: without this file, all stored data are lost for ever."
        ),
        Text(
            f"Uploader, dispatcher and worker need the same file: PENSTOCK_KEY_FILE={path}, mode 0600. On Kubernetes:"
        ),
        Text(_KUBECTL.format(path=path)),
        Text(f"The tracker needs only a part of it: penstock key-file authority authority.json --of {path}"),
    )


def _added_view(path: Path, tenant: str) -> RenderableType:
    return Group(
        Text(f"{path} contains a root of tenant {tenant}.", style="bold"),
        Text("Keep a copy of the new file too, and give it to uploader, dispatcher and worker. On Kubernetes:"),
        Text(f"{_KUBECTL.format(path=path)} --dry-run=client --output yaml | kubectl apply --filename -"),
    )


def _authority_view(path: Path, key_file: Path | None) -> RenderableType:
    whose = "The tracker needs it" if key_file else "All services need it, beside KMS"
    return Group(
        Text(f"{path} contains {'the' if key_file else 'a new'} authority key.", style="bold"),
        *([] if key_file else [Text("Keep a copy: without this file, no record is believed any more.")]),
        Text(f"{whose}: PENSTOCK_AUTHORITY_FILE={path}, mode 0600. On Kubernetes:"),
        Text(
            f"kubectl --namespace penstock create secret generic penstock-authority --from-file=authority.json={path}"
        ),
    )
