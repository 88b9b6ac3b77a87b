"""The command that makes the key file of a cluster; the embedded runtime makes its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.wiring import create_key_file
from services.cli.failures import reporting
from services.cli.options import AsJson

app = typer.Typer(no_args_is_help=True, help="The key file of the cluster runtime.")


@app.callback()
def _group() -> None:
    """Keeps the single command one with a name."""


@app.command("create")
def create(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Where it is to be; nothing may be there yet.")],
    as_json: AsJson = False,
) -> None:
    """Make a key file with a new key-encryption key, which its owner alone may read."""
    with reporting(as_json=as_json) as out:
        create_key_file(path)
        out.result({"key_file": str(path.absolute())}, lambda: _created_view(path.absolute()))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key-file")


def _created_view(path: Path) -> RenderableType:
    return Group(
        Text(f"{path} holds a new key-encryption key.", style="bold"),
        Text("Keep a copy apart from the data's backups: without this file nothing that is stored opens, for ever."),
        Text(
            f"Uploader, splitter and worker need it, the same one: PENSTOCK_KEY_FILE={path}, mode 0600; on Kubernetes:"
        ),
        Text(f"kubectl --namespace penstock create secret generic penstock-keys --from-file=keys.json={path}"),
    )
