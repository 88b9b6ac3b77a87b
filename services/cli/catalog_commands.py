"""Commands for data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from penstock.domain.mapping.attributes import TEXT
from penstock.domain.mapping.mapping import OnMisfit
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.mapping_options import MappingOptions
from services.cli.options import AsJson, BlankWords, Data, DropMisfits, Key, Maps, Policies, Url
from services.cli.output import Document
from services.cli.views import records_view

source_app = typer.Typer(no_args_is_help=True, help="Data sources: named categories of uploads.")
attribute_app = typer.Typer(no_args_is_help=True, help="Attributes: the fields of a profile.")
mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: which column of a source feeds which attribute.")

SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="The data source's name.")]


@source_app.command("list")
def list_sources(data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """List the data sources."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.sources()
        out.result({"data_sources": found}, lambda: records_view(found, "name", "display_name"))


@source_app.command("create")
def create_source(
    name: SourceName,
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a data source; an existing one is not changed."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        made = client.create_source(name, display_name)
        out.result(made, lambda: records_view([made], "name", "display_name"))


@attribute_app.command("list")
def list_attributes(
    custom: Annotated[bool, typer.Option("--custom", help="Only custom attributes.")] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the built-in and custom attributes."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        found = [each for each in client.attributes() if each["custom"] or not custom]
        out.result({"attributes": found}, lambda: _attributes_view(found))


@attribute_app.command("create")
def create_attribute(
    name: Annotated[str, typer.Argument(help="A lower-case letter, then lower-case letters, digits or underscores.")],
    format: Annotated[str, typer.Option(help="Such as text, integer, date(dd/MM/yyyy), phone(NL).")] = str(TEXT),
    pii: Annotated[bool, typer.Option("--pii", help="Its values are personal.")] = False,
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a custom attribute; an identical one is not changed."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        made = client.create_attribute(name, format=format, pii=pii, display_name=display_name)
        out.result(made, lambda: _attributes_view([made]))


@mapping_app.command("show")
def show_mapping(
    name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Show the mapping of a source."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.mapping(name)
        out.result(found, lambda: _mapping_view(found))


@mapping_app.command("set")
def set_mapping(
    name: SourceName,
    maps: Maps = None,
    policies: Policies = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Instead of --map: the output of `penstock mapping show --json`; - is stdin."
        ),
    ] = None,
    drop_misfits: DropMisfits = None,
    blank_words: BlankWords = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Save the mapping of a source; the source and attributes that do not exist are created."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        columns = MappingOptions(maps or [], policies or [], file, drop_misfits or [], blank_words).columns()
        saved = client.save_mapping(name, columns)
        out.result(saved, lambda: _mapping_view(saved))


def register(app: typer.Typer) -> None:
    app.add_typer(source_app, name="source")
    app.add_typer(attribute_app, name="attribute")
    app.add_typer(mapping_app, name="mapping")


def _attributes_view(attributes: Sequence[Document]) -> RenderableType:
    return records_view(attributes, "name", "display_name", "format", "pii", "custom")


def _mapping_view(mapping: Document) -> RenderableType:
    columns = [{**each, "column": _source(each), "options": _options(each)} for each in mapping["columns"]]
    return records_view(columns, "column", "attribute", "identifier", "pii", "format", "policy", "options")


def _source(column: Document) -> str:
    """What a column reads, in words."""
    if "constant" in column:
        return f"constant {column['constant']!r}"
    if "columns" in column:
        return f"{', '.join(column['columns'])}, joined"
    part = f", part {column.get('part', 1)} at {column['split']!r}" if "split" in column else ""
    return f"{column['column']}{part}"


def _options(column: Document) -> str:
    found = []
    if column.get("on_misfit") == OnMisfit.DROP:
        found.append("drops cells that do not fit")
    if "blanks" in column:
        found.append(f"blank: {', '.join(column['blanks'])}")
    if "values" in column:
        found.append(f"{len(column['values']):,} values replaced")
    if column.get("trim"):
        found.append("trimmed")
    return "; ".join(found)
