"""Commands for what files are mapped onto: source, attribute, mapping. They work on the data folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType

from penstock.domain.attributes import TEXT, Attribute
from services.cli.column_options import columns_said
from services.cli.connecting import open_folder
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Maps, Policies
from services.cli.output import Document
from services.cli.views import records_view
from services.uploader.api.views import mapping_view
from services.uploader.mapping_form import custom_attribute, read_columns, save_wanted

source_app = typer.Typer(no_args_is_help=True, help="Data sources: named categories of uploads.")
attribute_app = typer.Typer(no_args_is_help=True, help="Attributes: the fields of a profile.")
mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: which column of a source feeds which attribute.")

SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="The data source's name.")]


@source_app.command("list")
def list_sources(data: Data = None, as_json: AsJson = False) -> None:
    """List the data sources."""
    with reporting(as_json=as_json) as out, open_folder(data) as system:
        found = msgspec.to_builtins(system.catalog.sources(system.settings.tenant))
        out.result({"data_sources": found}, lambda: records_view(found, "name", "display_name"))


@source_app.command("create")
def create_source(
    name: SourceName,
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a data source; one that exists stays as it is."""
    with reporting(as_json=as_json) as out, open_folder(data, create=True) as system:
        made = msgspec.to_builtins(system.catalog.create_source(system.settings.tenant, name, display_name))
        out.result(made, lambda: records_view([made], "name", "display_name"))


@attribute_app.command("list")
def list_attributes(
    custom: Annotated[bool, typer.Option("--custom", help="Only those that are not built in.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the attributes, built in and custom."""
    with reporting(as_json=as_json) as out, open_folder(data, create=True) as system:
        known = system.catalog.attributes(system.settings.tenant).values()
        found = [_attribute(each) for each in known if each.custom or not custom]
        out.result({"attributes": found}, lambda: _attributes_view(found))


@attribute_app.command("create")
def create_attribute(
    name: Annotated[str, typer.Argument(help="A lower-case letter, then lower-case letters, digits, underscores.")],
    format: Annotated[str, typer.Option(help="Such as text, integer, date(dd/MM/yyyy), phone(NL).")] = str(TEXT),
    pii: Annotated[bool, typer.Option("--pii", help="Its values are personal.")] = False,
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a custom attribute; one of the same shape stays as it is."""
    with reporting(as_json=as_json) as out, open_folder(data, create=True) as system:
        wanted = custom_attribute(name, display_name=display_name, format=format, pii=pii)
        made = _attribute(system.catalog.create_attribute(system.settings.tenant, wanted))
        out.result(made, lambda: _attributes_view([made]))


@mapping_app.command("show")
def show_mapping(name: SourceName, data: Data = None, as_json: AsJson = False) -> None:
    """Show the mapping of a source."""
    with reporting(as_json=as_json) as out, open_folder(data) as system:
        catalog, tenant_id = system.catalog, system.settings.tenant
        catalog.source(tenant_id, name)
        mapping = catalog.mapping(tenant_id, name)
        found = msgspec.to_builtins(mapping_view(mapping, catalog.attributes_of(tenant_id, mapping)))
        out.result(found, lambda: _mapping_view(found))


@mapping_app.command("set")
def set_mapping(
    name: SourceName, maps: Maps = None, policies: Policies = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Save a mapping for a source, creating the source and custom attributes that do not exist yet."""
    with reporting(as_json=as_json) as out, open_folder(data, create=True) as system:
        forms, tenant_id = columns_said(maps or [], policies or []), system.settings.tenant
        wanted = read_columns(forms, system.catalog.attributes(tenant_id))
        system.catalog.create_source(tenant_id, name)
        saved = save_wanted(system.catalog, tenant_id, name, wanted)
        created = [attribute.name for attribute in wanted.missing]
        attributes = system.catalog.attributes_of(tenant_id, saved)
        document = msgspec.to_builtins(mapping_view(saved, attributes, created))
        out.result(document, lambda: _mapping_view(document))


def register(app: typer.Typer) -> None:
    app.add_typer(source_app, name="source")
    app.add_typer(attribute_app, name="attribute")
    app.add_typer(mapping_app, name="mapping")


def _attribute(attribute: Attribute) -> Document:
    return {**msgspec.to_builtins(attribute), "format": str(attribute.format)}


def _attributes_view(attributes: Sequence[Document]) -> RenderableType:
    return records_view(attributes, "name", "display_name", "format", "pii", "custom")


def _mapping_view(mapping: Document) -> RenderableType:
    return records_view(mapping["columns"], "column", "attribute", "identifier", "policy")
