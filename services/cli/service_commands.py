"""Commands that run one service each, for production: dispatcher, worker, tracker (uploader: `uploader_command.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.text import Text

from penstock.runner.health_server import serving_health
from penstock.runner.interrupts import ending_when_interrupted
from penstock.runner.runnable import Runnable
from penstock.runner.signals import run_until_signalled
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System
from services.cli.connecting import open_service
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, HealthHost, HealthPort
from services.row_processor.main import dispatcher_parts, worker_loops
from services.status_tracker.main import tracker_parts


def dispatcher(
    health_host: HealthHost = "127.0.0.1",
    health_port: HealthPort = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send the chunks of uploaded files to the workers."""
    _serve("dispatcher", health_host, health_port, data, as_json, dispatcher_parts)


def worker(
    health_host: HealthHost = "127.0.0.1",
    health_port: HealthPort = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Ingest chunks."""
    _serve("worker", health_host, health_port, data, as_json, worker_loops)


def tracker(
    health_host: HealthHost = "127.0.0.1",
    health_port: HealthPort = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Track the status of requests, announce changes and send e-mails."""
    _serve("tracker", health_host, health_port, data, as_json, tracker_parts)


def register(app: typer.Typer) -> None:
    for command in (dispatcher, worker, tracker):
        app.command()(command)


def _serve(
    service: str,
    host: str,
    port: int | None,
    data: Path | None,
    as_json: bool,
    parts_of: Callable[[System], Sequence[Runnable]],
) -> None:
    """Run the parts; health is served from the start, also while the service waits for its servers."""
    supervisor = Supervisor()
    with reporting(as_json=as_json) as out:
        with (
            ending_when_interrupted(),
            serving_health(supervisor, host, port),
            open_service(service, data, supervisor.dependencies) as system,
        ):
            run_until_signalled([*parts_of(system), system.prober()], supervisor)
        out.result({"stopped": True}, lambda: Text("Stopped."))
