"""Commands for the mappings of data sources, and their versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli import mapping_file_commands
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.mapping_options import MappingOptions
from services.cli.mapping_saving import current_version, save_confirmed, saved_view
from services.cli.mapping_views import changes_view, mapping_view, versions_view
from services.cli.options import (
    AsJson,
    BlankWords,
    Data,
    DropMisfits,
    Key,
    MappingVersion,
    Maps,
    NewAttributes,
    Policies,
    SourceName,
    Url,
)

mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: which column of a source feeds which attribute.")


@mapping_app.command("show")
def show_mapping(
    name: SourceName,
    version: MappingVersion = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the mapping of a source."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.mapping(name, version)
        out.result(found, lambda: mapping_view(found))


@mapping_app.command("set")
def set_mapping(
    name: SourceName,
    maps: Maps = None,
    policies: Policies = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A mapping in YAML, as `penstock mapping export` writes it, or JSON; - is stdin. --map goes on top.",
        ),
    ] = None,
    drop_misfits: DropMisfits = None,
    blank_words: BlankWords = None,
    new_attributes: NewAttributes = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Save the mapping of a source, which uses it at once; the source and attributes that do not exist are created."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        columns = MappingOptions(maps or [], policies or [], file, drop_misfits or [], blank_words or []).columns()
        before = current_version(client, name)
        saved = save_confirmed(client, name, columns, new_attributes, as_json=as_json)
        out.result(saved, lambda: saved_view(saved, before))


@mapping_app.command("versions")
def list_versions(
    name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """List the versions of a mapping: who saved them, when, and with which request.

    A version of an upload becomes the current one when its request completes.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.mapping_versions(name)
        out.result({"data_source": name, "versions": found}, lambda: versions_view(found))


@mapping_app.command("diff")
def compare_versions(
    name: SourceName,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1, help="A version, compared with the one before.")],
    newer: Annotated[
        int | None, typer.Argument(metavar="NEWER", min=1, help="Compare this version with the first one instead.")
    ] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what a version of a mapping changed: columns added, removed, or with other options.

    penstock mapping diff crm 3 4 shows what 4 changed of 3; diff crm 4, what it changed of the one before.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.mapping_changes(name, *((version, None) if newer is None else (newer, version)))
        out.result(found, lambda: changes_view(found))


@mapping_app.command("restore")
def restore_version(
    name: SourceName,
    version: Annotated[int, typer.Argument(min=1, help="The version to restore.")],
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Save an earlier version of a mapping again, as the newest version and the current one."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        before = current_version(client, name)
        restored = client.restore_mapping(name, version)
        out.result(restored, lambda: saved_view(restored, before))


def register(app: typer.Typer) -> None:
    mapping_file_commands.register(mapping_app)
    app.add_typer(mapping_app, name="mapping")
