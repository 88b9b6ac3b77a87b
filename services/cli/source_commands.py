"""Commands for data sources."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from penstock.domain.catalog.data_source import SourceChange
from penstock.domain.errors import refusal
from penstock.domain.mapping.mapping import Mode
from services.cli.connecting import connect
from services.cli.failures import BadUsage, nothing_to_change, reporting
from services.cli.options import AsJson, Data, DisplayName, Key, Revision, SourceName, Url
from services.cli.output import Document, printable
from services.cli.views import records_view, text_facts_view

app = typer.Typer(no_args_is_help=True, help="Data sources: named categories of uploads.")

Description = Annotated[str | None, typer.Option(help="What its files are.", show_default=False)]
Owner = Annotated[str | None, typer.Option(help="Who is responsible for it.", show_default=False)]
DefaultMode = Annotated[Mode | None, typer.Option("--mode", help="The default mode.", show_default=False)]
DefaultNotify = Annotated[
    list[str] | None,
    typer.Option(
        "--notify", metavar="ADDRESS[:LEVEL]", help="An address that gets e-mails by default.", show_default=False
    ),
]
DefaultMaxRejects = Annotated[
    str | None,
    typer.Option("--max-rejects", metavar="SHARE|ROWS", help="The default limit of rejects.", show_default=False),
]
MaxFileBytes = Annotated[
    int | None, typer.Option(min=1, help="The largest file of this source, decompressed.", show_default=False)
]


DefaultEncoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="The encoding of its files, such as cp1252.", show_default=False),
]
DefaultCleanHeaders = Annotated[
    bool | None,
    typer.Option(
        "--clean-headers/--no-clean-headers", help="Whether column names are cleaned by default.", show_default=False
    ),
]
DefaultQuoted = Annotated[
    bool | None,
    typer.Option(
        "--quoted/--no-quoted", help="Whether cells of tab-separated text are in double quotes.", show_default=False
    ),
]


class Default(StrEnum):
    """A default of a source that can be removed."""

    MODE = "mode"
    NOTIFY = "notify"
    MAX_REJECTS = "max_rejects"
    MAX_FILE_BYTES = "max_file_bytes"
    ENCODING = "encoding"
    CLEAN_HEADERS = "clean_headers"
    QUOTED = "quoted"


@app.command("list")
def list_sources(
    archived: Annotated[bool, typer.Option("--archived", help="Also archived ones.")] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the data sources."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.catalog.sources(archived=archived)
        columns = ("name", "display_name", "owner", *(("archived",) if archived else ()))
        out.result({"data_sources": found}, lambda: records_view(found, *columns))


@app.command("show")
def show_source(name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show a data source and the defaults of its uploads."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        found = client.catalog.source(name)
        out.result(found, lambda: _source_view(found))


@app.command("create")
def create_source(
    name: SourceName,
    display_name: DisplayName = None,
    description: Description = None,
    owner: Owner = None,
    mode: DefaultMode = None,
    notify: DefaultNotify = None,
    max_rejects: DefaultMaxRejects = None,
    max_file_bytes: MaxFileBytes = None,
    encoding: DefaultEncoding = None,
    clean_headers: DefaultCleanHeaders = None,
    quoted: DefaultQuoted = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a data source; an existing one is not changed."""
    with reporting(as_json=as_json) as out, connect(data, url, key, create=True) as client:
        settings = _change(
            display_name, description, owner, mode, notify, max_rejects, max_file_bytes, encoding, clean_headers, quoted
        )
        made = client.catalog.create_source(name, settings)
        out.result(made, lambda: _source_view(made))


@app.command("edit")
def edit_source(
    name: SourceName,
    display_name: DisplayName = None,
    description: Description = None,
    owner: Owner = None,
    mode: DefaultMode = None,
    notify: DefaultNotify = None,
    max_rejects: DefaultMaxRejects = None,
    max_file_bytes: MaxFileBytes = None,
    encoding: DefaultEncoding = None,
    clean_headers: DefaultCleanHeaders = None,
    quoted: DefaultQuoted = None,
    unset: Annotated[list[Default] | None, typer.Option(help="A default to remove.", show_default=False)] = None,
    revision: Revision = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Change a data source or the defaults of its uploads; what no option names stays."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        change = _change(
            display_name,
            description,
            owner,
            mode,
            notify,
            max_rejects,
            max_file_bytes,
            encoding,
            clean_headers,
            quoted,
            unset,
        )
        if change == SourceChange():
            raise nothing_to_change("--display-name or --mode")
        changed = client.catalog.edit_source(name, change, revision=revision)
        out.result(changed, lambda: _source_view(changed))


@app.command("archive")
def archive_source(
    name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Archive a data source: it takes no uploads and leaves the lists; what it stored stays."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        archived = client.catalog.archive_source(name)
        out.result(archived, lambda: _source_view(archived))


@app.command("unarchive")
def unarchive_source(
    name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Take uploads of an archived data source again."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        unarchived = client.catalog.unarchive_source(name)
        out.result(unarchived, lambda: _source_view(unarchived))


@app.command("delete")
def delete_source(
    name: SourceName, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Delete a data source that has never had a request, and its mappings."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        client.catalog.delete_source(name)
        out.result({"deleted": name}, lambda: Text(f"Deleted {printable(name)}."))


def register(app_of_all: typer.Typer) -> None:
    app_of_all.add_typer(app, name="source")


def _change(
    display_name: str | None,
    description: str | None,
    owner: str | None,
    mode: Mode | None,
    notify: list[str] | None,
    max_rejects: str | None,
    max_file_bytes: int | None,
    encoding: str | None,
    clean_headers: bool | None,
    quoted: bool | None,
    unset: list[Default] | None = None,
) -> SourceChange:
    """Raises `BadUsage` for a default that is both set and removed."""
    given: dict[str, Any] = {
        "display_name": display_name,
        "description": description,
        "owner": owner,
        "mode": mode,
        "notify": tuple(notify) if notify else None,
        "max_rejects": max_rejects,
        "max_file_bytes": max_file_bytes,
        "encoding": encoding,
        "clean_headers": clean_headers,
        "quoted": quoted,
    }
    change = {name: value for name, value in given.items() if value is not None}
    removed: dict[str, Any] = {str(name): () if name is Default.NOTIFY else None for name in unset or ()}
    if both := sorted(change.keys() & removed):
        message = f"{', '.join(both)}: set and removed at once"
        raise BadUsage(refusal("invalid_options", message, "Either set a default or name it in --unset.").faults)
    return SourceChange(**change, **removed)


def _source_view(source: Document) -> RenderableType:
    defaults = source["defaults"]
    facts = [
        ("Source", source["name"] + (" (archived)" if source["archived"] else "")),
        ("Name", source["display_name"]),
        ("Description", source["description"]),
        ("Owner", source["owner"]),
        ("Mode", defaults["mode"] or str(Mode.UPSERT)),
        ("Notify", ", ".join(f"{each['address']}:{each['level']}" for each in defaults["notify"])),
        ("Max. rejects", defaults["max_rejects"] or ""),
        ("Largest file", f"{defaults['max_file_bytes']:,} bytes" if defaults["max_file_bytes"] else ""),
        *_file_facts(defaults, source["last_file"] or {}),
        ("Revision", str(source["revision"])),
    ]
    return text_facts_view(facts)


def _file_facts(defaults: Document, last_file: Document) -> list[tuple[str, str]]:
    """How files are read unless an upload says so: by the defaults, or else as the last file."""
    return [
        (label, _text_of(defaults[name]) or _text_of(last_file.get(name), " (as the last file)"))
        for label, name in (("Encoding", "encoding"), ("Clean headers", "clean_headers"), ("Quoted", "quoted"))
    ]


def _text_of(option: str | bool | None, why: str = "") -> str:
    match option:
        case None:
            return ""
        case bool():
            return ("yes" if option else "no") + why
    return option + why
