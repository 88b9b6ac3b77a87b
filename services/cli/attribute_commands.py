"""Commands for attributes and the ranking of identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from penstock.domain.catalog.attribute_changes import AttributeChange
from services.cli.connecting import connect
from services.cli.failures import nothing_to_change, reporting
from services.cli.options import AsJson, Data, DisplayName, Key, Revision, Url
from services.cli.output import Document
from services.cli.views import records_view, text_facts_view

app = typer.Typer(no_args_is_help=True, help="Attributes: the fields of a profile.")

DERIVED = ""  # as a segment or macro name: that of the attribute in upper case

AttributeName = Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="The attribute's name.")]
Format = Annotated[
    str | None, typer.Option(help="Such as text, integer, date(dd/MM/yyyy), phone(NL).", show_default=False)
]
Pii = Annotated[bool | None, typer.Option("--pii/--no-pii", help="Its values are personal.", show_default=False)]
Segments = Annotated[
    bool | None, typer.Option("--segments/--no-segments", help="Use it in segments.", show_default=False)
]
Macro = Annotated[bool | None, typer.Option("--macro/--no-macro", help="Use it as a macro.", show_default=False)]
SegmentName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Its name in segments, in UPPER_SNAKE_CASE; '' derives it.", show_default=False),
]
MacroName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Its name as a macro, in UPPER_SNAKE_CASE; '' derives it.", show_default=False),
]


PreferredSources = Annotated[
    str | None,
    typer.Option(
        "--prefer-sources",
        metavar="SOURCES",
        help="Data sources whose values win over those of others, such as crm,till; '' for none.",
        show_default=False,
    ),
]


@app.command("list")
def list_attributes(
    custom: Annotated[bool, typer.Option("--custom", help="Only custom attributes.")] = False,
    archived: Annotated[bool, typer.Option("--archived", help="Also archived ones.")] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the built-in and custom attributes."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        found = [each for each in client.catalog.attributes(archived=archived) if each["custom"] or not custom]
        out.result({"attributes": found}, lambda: _attributes_view(found, archived=archived))


@app.command("show")
def show_attribute(
    name: AttributeName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Show an attribute, its rank as an identifier, and the data sources that feed it."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        found = client.catalog.attribute(name)
        out.result(found, lambda: _attribute_view(found))


@app.command("create")
def create_attribute(
    name: Annotated[str, typer.Argument(help="A lower-case letter, then lower-case letters, digits or underscores.")],
    format: Format = None,
    pii: Pii = None,
    display_name: DisplayName = None,
    segments: Segments = None,
    macro: Macro = None,
    segment_name: SegmentName = None,
    macro_name: MacroName = None,
    prefer_sources: PreferredSources = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a custom attribute; an identical one is not changed."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        settings = _change(format, pii, display_name, segments, macro, segment_name, macro_name, prefer_sources)
        made = client.catalog.create_attribute(name, settings)
        out.result(made, lambda: _attribute_view(made))


@app.command("edit")
def edit_attribute(
    name: AttributeName,
    format: Format = None,
    pii: Pii = None,
    display_name: DisplayName = None,
    segments: Segments = None,
    macro: Macro = None,
    segment_name: SegmentName = None,
    macro_name: MacroName = None,
    prefer_sources: PreferredSources = None,
    revision: Revision = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Change an attribute, as far as that keeps true what is stored; what no option names stays."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        change = _change(format, pii, display_name, segments, macro, segment_name, macro_name, prefer_sources)
        if change == AttributeChange():
            raise nothing_to_change("--display-name or --macro")
        changed = client.catalog.edit_attribute(name, change, revision=revision)
        out.result(changed, lambda: _attribute_view(changed))


@app.command("archive")
def archive_attribute(
    name: AttributeName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Archive an attribute that no current mapping feeds: no new one can; stored values stay."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        archived = client.catalog.archive_attribute(name)
        out.result(archived, lambda: _attribute_view(archived))


@app.command("unarchive")
def unarchive_attribute(
    name: AttributeName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Let mappings feed an archived attribute again."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        unarchived = client.catalog.unarchive_attribute(name)
        out.result(unarchived, lambda: _attribute_view(unarchived))


@app.command("rank")
def rank_identifiers(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="ATTRIBUTE", help="The identifiers, the highest rank first.")
    ] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the ranking of identifiers, or set it: a row is stored under its highest-ranking identifier.

    The order of identifiers that requests have used is fixed.
    """
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        catalog = client.catalog
        ranking = catalog.rank_identifiers(names) if names else catalog.identifiers()
        out.result(ranking, lambda: _ranking_view(ranking))


def register(app_of_all: typer.Typer) -> None:
    app_of_all.add_typer(app, name="attribute")


def _change(
    format: str | None,
    pii: bool | None,
    display_name: str | None,
    segments: bool | None,
    macro: bool | None,
    segment_name: str | None,
    macro_name: str | None,
    prefer_sources: str | None,
) -> AttributeChange:
    given: dict[str, Any] = {
        "format": format,
        "pii": pii,
        "display_name": display_name,
        "segmentable": segments,
        "macro": macro,
    }
    change = {name: value for name, value in given.items() if value is not None}
    for field, name in (("segment_name", segment_name), ("macro_name", macro_name)):
        if name is not None:
            change[field] = None if name == DERIVED else name
    if prefer_sources is not None:
        change["preferred_sources"] = tuple(filter(None, map(str.strip, prefer_sources.split(","))))
    return AttributeChange(**change)


def _attributes_view(attributes: Sequence[Document], *, archived: bool) -> RenderableType:
    columns = ("name", "display_name", "format", "pii", "custom", *(("archived",) if archived else ()))
    return records_view(attributes, *columns)


def _attribute_view(attribute: Document) -> RenderableType:
    used_by = attribute.get("used_by", ())
    facts = [
        ("Attribute", attribute["name"] + (" (archived)" if attribute["archived"] else "")),
        ("Name", attribute["display_name"]),
        ("Format", attribute["format"]),
        ("Personal", "yes" if attribute["pii"] else "no"),
        ("In segments", attribute["segment_name"] if attribute["segmentable"] else "no"),
        ("As a macro", attribute["macro_name"] if attribute["macro"] else "no"),
        ("Preferred", ", ".join(attribute["preferred_sources"])),
        ("Identifier", f"rank {attribute['rank']}" if attribute.get("rank") else ""),
        ("Used by", ", ".join(each["data_source"] for each in used_by if each["mapped"])),
        ("Formerly", ", ".join(each["data_source"] for each in used_by if not each["mapped"])),
        ("Revision", str(attribute["revision"])),
    ]
    return text_facts_view(facts)


def _ranking_view(ranking: Document) -> RenderableType:
    rows = [
        {"rank": rank, "identifier": name, "fixed": rank <= ranking["fixed"]}
        for rank, name in enumerate(ranking["identifiers"], 1)
    ]
    return records_view(rows, "rank", "identifier", "fixed")
