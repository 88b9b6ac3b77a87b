"""Commands for data sources and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType

from penstock.domain.mapping.attributes import TEXT
from services.cli.connecting import connect
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Key, SourceName, Url
from services.cli.output import Document
from services.cli.views import records_view

source_app = typer.Typer(no_args_is_help=True, help="Data sources: named categories of uploads.")
attribute_app = typer.Typer(no_args_is_help=True, help="Attributes: the fields of a profile.")


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


def register(app: typer.Typer) -> None:
    app.add_typer(source_app, name="source")
    app.add_typer(attribute_app, name="attribute")


def _attributes_view(attributes: Sequence[Document]) -> RenderableType:
    return records_view(attributes, "name", "display_name", "format", "pii", "custom")
