"""`penstock up`: the embedded system with its HTTP API, until a signal stops it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.config import Settings, load_settings
from penstock.logs import configure
from penstock.runner.health_server import serving_health
from penstock.runner.interrupts import ending_when_interrupted
from penstock.runner.signals import run_until_signalled
from penstock.wiring.use_cases import use_cases_of
from services.cli.connecting import Local
from services.cli.console_address import leaving_address
from services.cli.failures import reporting
from services.cli.foreground import refuse_cluster
from services.cli.local_caller import local_caller
from services.cli.options import AsJson, Data, HealthHost, HealthPort, Host, Port
from services.cli.sign_in import sign_in_address
from services.cli.views import commands_view, facts_view
from services.standalone.system import Standalone
from services.uploader.api.metrics import Metrics
from services.uploader.main import api_server


def up(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    health_host: HealthHost = "127.0.0.1",
    health_port: HealthPort = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; default: one per core.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole system on this machine: API, dispatcher, workers, tracker."""
    with reporting(as_json=as_json) as out:
        settings = load_settings(data=data, workers=workers)
        refuse_cluster(settings, "Run each service of the cluster: penstock uploader, dispatcher, worker, tracker")
        configure(settings.log_level, "standalone")
        metrics = Metrics()
        with ending_when_interrupted(), ExitStack() as stack:
            standalone = stack.enter_context(Standalone(settings, workers=settings.workers or os.cpu_count() or 1))
            supervisor = standalone.supervisor
            server = api_server(standalone.system, host, port, problems=supervisor.problems, metrics=metrics)
            health_url = stack.enter_context(serving_health(supervisor, health_host, health_port, metrics.registry))
            stack.enter_context(leaving_address(settings.data, server.url))
            local = Local(use_cases_of(standalone.system), local_caller(settings.tenant))
            sign_in_url = sign_in_address(local, server.url)
            document = {
                "url": server.url,
                "sign_in_url": sign_in_url,
                "health_url": health_url,
                "data": str(settings.data),
            }
            out.result(document, lambda: up_view(server.url, sign_in_url, health_url, settings))
            run_until_signalled([server], supervisor)
        out.say("Stopped.")


def up_view(url: str, sign_in_url: str, health_url: str | None, settings: Settings) -> RenderableType:
    """The addresses of the system, and the next steps."""
    facts = facts_view(
        [
            ("Console", Text(sign_in_url)),
            ("API", Text(f"{url}/v1")),
            ("OpenAPI", Text(f"{url}/openapi.json")),
            *([("Health", Text(health_url))] if health_url else []),
            ("Data", Text(str(settings.data))),
        ]
    )
    commands = commands_view(
        [
            ("Create a key", f"penstock key create --role admin --data {settings.data}"),
            ("Save a mapping", f"penstock mapping set crm --map 'crmid=crmid!' --data {settings.data}"),
            ("Upload a file", f"PENSTOCK_API_KEY=… penstock upload FILE --source crm --url {url}"),
        ]
    )
    return Group(Text("Penstock is running. Press Ctrl-C to stop it.", style="bold"), facts, Text(), commands)


def register(app: typer.Typer) -> None:
    app.command()(up)
