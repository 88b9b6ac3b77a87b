"""`penstock up`: the embedded system with its HTTP API, until it is told to stop."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.config import Settings, load_settings
from penstock.logs import configure
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Host, Port
from services.cli.service_commands import run_until_told
from services.cli.views import facts_view
from services.standalone.system import Standalone
from services.uploader.main import api_server


def up(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; one per core otherwise.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole system on this machine: API, splitter, workers, tracker."""
    with reporting(as_json=as_json) as out:
        settings = load_settings(data=data, workers=workers)
        configure(settings.log_level)
        with Standalone(settings, workers=settings.workers or os.cpu_count() or 1) as standalone:
            server = api_server(standalone.system, host, port, problems=standalone.problems)
            out.result({"url": server.url, "data": str(settings.data)}, lambda: up_view(server.url, settings))
            run_until_told([server])
        out.say("Stopped.")


def up_view(url: str, settings: Settings) -> RenderableType:
    """Where the system is, and what to do next."""
    facts = facts_view(
        [
            ("API", Text(f"{url}/v1")),
            ("Described at", Text(f"{url}/openapi.json")),
            ("Data", Text(str(settings.data))),
            ("A key", Text(f"penstock key create --role admin --data {settings.data}")),
            ("A mapping", Text(f"penstock mapping set crm --map 'crmid=crmid!' --data {settings.data}")),
            ("A file", Text(f"PENSTOCK_API_KEY=… penstock upload FILE --source crm --url {url}")),
        ]
    )
    return Group(Text("Penstock is running; Ctrl-C stops it.", style="bold"), facts)


def register(app: typer.Typer) -> None:
    app.command()(up)
