"""Options and arguments that several commands share."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

URL_VARIABLE = "PENSTOCK_URL"


def _explicit(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _one_place(context: typer.Context) -> None:
    if _explicit(context, "data") and _explicit(context, "url"):
        raise typer.BadParameter("--data names a folder and --url a running system: give only one of them")


def _data_given(context: typer.Context, data: Path | None) -> Path | None:
    """An option overrides a variable: with --data, neither this command nor its processes use the variable."""
    _one_place(context)
    if _explicit(context, "data"):
        os.environ.pop(URL_VARIABLE, None)
    return data


def _url_given(context: typer.Context, url: str | None) -> str | None:
    _one_place(context)
    return url


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="PENSTOCK_DATA",
        callback=_data_given,
        help="The data folder of the embedded runtime (default: penstock-data).",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document as the last line of stdout, and everything else to stderr."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar=URL_VARIABLE,
        callback=_url_given,
        help="The address of a running system, instead of a data folder.",
    ),
]
Key = Annotated[
    str | None, typer.Option("--key", envvar="PENSTOCK_API_KEY", help="The API key for --url.", show_default=False)
]
RequestId = Annotated[str, typer.Argument(metavar="ID", help="The id of the request.")]
SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="The data source's name.")]
DisplayName = Annotated[str | None, typer.Option(help="What people call it.", show_default=False)]
MappingVersion = Annotated[
    int | None, typer.Option("--version", min=1, help="One of the versions; default: the current one.")
]
Source = Annotated[str, typer.Option("--source", help="The data source, such as crm.")]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=ATTRIBUTE[!][:pii][:FORMAT]",
        help="A column's attribute; ! marks an identifier, :pii personal values, FORMAT the cells' format.",
    ),
]
MaxRejects = Annotated[
    str | None,
    typer.Option(
        "--max-rejects",
        metavar="SHARE|ROWS",
        help="With more rejected rows, such as 5% or 100, the request is held; replace: 5% by default.",
        show_default=False,
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="COLUMN=POLICY",
        help="overwrite (the default), keep_first, or clear_on_blank (a blank cell removes the value).",
    ),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="A mapping in YAML, as `penstock mapping export` writes it, or JSON; - is stdin. --map goes on top.",
    ),
]
DropMisfits = Annotated[
    list[str] | None,
    typer.Option(
        "--drop-misfits",
        metavar="COLUMN[,COLUMN]",
        help="Columns whose cells are left out when they do not fit, instead of rejecting the row.",
    ),
]
BlankWords = Annotated[
    list[str] | None,
    typer.Option(
        "--blank-words",
        metavar="[COLUMN=]WORD[,WORD]",
        help="Words that mean blank in every column, such as n/a,NULL,-; or in one, such as phone=none.",
    ),
]
NewAttributes = Annotated[
    list[str] | None,
    typer.Option(
        "--new-attribute",
        metavar="ATTRIBUTE",
        help="An attribute to create although its name is similar to that of an existing one.",
        show_default=False,
    ),
]
Revision = Annotated[
    int | None,
    typer.Option(min=0, help="Change it only if it still has this revision.", show_default=False),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The encoding of the file, such as cp1252 or utf-16; default: as the files of its source, or UTF-8.",
    ),
]
CleanHeaders = Annotated[
    bool | None,
    typer.Option(
        "--clean-headers/--no-clean-headers",
        help="Clean column names that break the rules, instead of refusing the file; default: as the source's files.",
        show_default=False,
    ),
]
Quoted = Annotated[
    bool | None,
    typer.Option(
        "--quoted/--no-quoted",
        help="Cells of tab-separated text may be in double quotes, as spreadsheets write it; default: as the source's "
        "files.",
        show_default=False,
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Ingest the file again, also if the same one was ingested before.")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")]
HealthHost = Annotated[str, typer.Option(help="The address for health and metrics.")]
HealthPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port for /healthz, /readyz and /metrics; without it they are not served."),
]


def where_of(data: Path | None, url: str | None = None) -> str:
    """The options with which the next command finds the same system, unless they are in the environment."""
    if url:
        return "" if os.environ.get(URL_VARIABLE) else f" --url {url}"
    return "" if data is None or os.environ.get("PENSTOCK_DATA") else f" --data {shlex.quote(str(data))}"
