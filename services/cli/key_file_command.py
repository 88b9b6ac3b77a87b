"""The command that creates the key file of a cluster; the embedded runtime creates its own."""

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
    """Makes the single command a subcommand with a name."""


@app.command("create")
def create(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The new file; nothing may exist at this path yet.")],
    as_json: AsJson = False,
) -> None:
    """Create a key file with a new key-encryption key; only its owner may read it."""
    with reporting(as_json=as_json) as out:
        create_key_file(path)
        out.result({"key_file": str(path.absolute())}, lambda: _created_view(path.absolute()))


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key-file")


def _created_view(path: Path) -> RenderableType:
    return Group(
        Text(f"{path} contains a new key-encryption key.", style="bold"),
        Text(
            "Keep a copy, separate from the backups of the data: without this file, all stored data are lost for ever."
        ),
        Text(f"Uploader, splitter and worker need the same file: PENSTOCK_KEY_FILE={path}, mode 0600. On Kubernetes:"),
        Text(f"kubectl --namespace penstock create secret generic penstock-keys --from-file=keys.json={path}"),
    )
