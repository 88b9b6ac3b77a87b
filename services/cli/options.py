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
        raise typer.BadParameter("--data names a folder and --url a running system: give one of them")


def _data_given(context: typer.Context, data: Path | None) -> Path | None:
    """An option wins over a variable: with --data, neither this command nor its processes look at the variable."""
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
        help="The embedded runtime's folder (penstock-data unless said otherwise).",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document as the last line of stdout, all else to stderr.")
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", envvar=URL_VARIABLE, callback=_url_given, help="A running system's address, in place of a folder."
    ),
]
Key = Annotated[
    str | None, typer.Option("--key", envvar="PENSTOCK_API_KEY", help="The API key for --url.", show_default=False)
]
RequestId = Annotated[str, typer.Argument(metavar="ID", help="A request's id.")]
Source = Annotated[str, typer.Option("--source", help="The data source, such as crm.")]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=ATTRIBUTE[!][:pii][:FORMAT]",
        help="What a column feeds: ! marks an identifier, :pii a personal attribute, FORMAT how its cells are read.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="COLUMN=POLICY",
        help="overwrite (as without it), keep_first, or clear_on_blank: a blank cell removes the value.",
    ),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 is any free one.")]
HealthHost = Annotated[str, typer.Option(help="The address to tell health and metrics on.")]
HealthPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port for /healthz, /readyz and /metrics; without it there are none."),
]


def where_of(data: Path | None, url: str | None = None) -> str:
    """What a next command needs to find the same system, unless the environment says it."""
    if url:
        return "" if os.environ.get(URL_VARIABLE) else f" --url {url}"
    return "" if data is None or os.environ.get("PENSTOCK_DATA") else f" --data {shlex.quote(str(data))}"
