"""`penstock uploader`: the HTTP API and the offers, for production.

Separate from the other services' commands, so that these do not load the web framework.
"""

from __future__ import annotations

import typer
from rich.text import Text

from penstock.runner.health_server import serving_health
from penstock.runner.interrupts import ending_when_interrupted
from penstock.runner.signals import run_until_signalled
from penstock.runner.supervisor import Supervisor
from services.cli.connecting import open_service
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, HealthHost, HealthPort, Host, Port
from services.uploader.api.metrics import Metrics
from services.uploader.main import api_server, background_parts


def uploader(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    health_host: HealthHost = "127.0.0.1",
    health_port: HealthPort = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Serve the HTTP API and accept offers from other services."""
    supervisor, metrics = Supervisor(), Metrics()
    with (
        reporting(as_json=as_json) as out,
        ending_when_interrupted(),
        serving_health(supervisor, health_host, health_port, metrics.registry),
        open_service("uploader", data, supervisor.dependencies) as system,
    ):
        server = api_server(system, host, port, problems=supervisor.problems, metrics=metrics)
        out.result({"url": server.url}, lambda: Text(server.url))
        run_until_signalled([server, *background_parts(system), system.prober()], supervisor)


def register(app: typer.Typer) -> None:
    app.command()(uploader)
