"""Commands that run one service each, for production: uploader, splitter, worker, tracker."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

import typer
from rich.text import Text

from penstock.domain.errors import Unavailable
from penstock.wiring import System
from services.cli.connecting import open_service
from services.cli.failures import reporting
from services.cli.options import AsJson, Data, Host, Port
from services.row_processor.main import splitter_loop, worker_loop
from services.status_tracker.main import periodic_work, tracker_loop
from services.uploader.intake import intake_of
from services.uploader.main import serve


class Part(Protocol):
    """What runs in a thread of its own until it is told to stop."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


def uploader(host: Host = "127.0.0.1", port: Port = 8080, data: Data = None, as_json: AsJson = False) -> None:
    """Serve the HTTP API."""
    with reporting(as_json=as_json) as out, open_service(data) as system:

        def listening(url: str) -> None:
            out.result({"url": url}, lambda: Text(url))

        try:
            serve(system, intake_of(system), list, host, port, listening=listening)
        except OSError as error:
            raise Unavailable(f"cannot listen on {host}, port {port}: {error.strerror}") from None


def splitter(data: Data = None, as_json: AsJson = False) -> None:
    """Split requested files into chunks."""
    _serve(data, as_json, lambda system: [splitter_loop(system)])


def worker(data: Data = None, as_json: AsJson = False) -> None:
    """Ingest chunks."""
    _serve(data, as_json, lambda system: [worker_loop(system)])


def tracker(data: Data = None, as_json: AsJson = False) -> None:
    """Fold progress into requests, tell what is new, send e-mails."""
    _serve(data, as_json, _tracker_parts)


def register(app: typer.Typer) -> None:
    for command in (uploader, splitter, worker, tracker):
        app.command(rich_help_panel="One service each, for production")(command)


def _tracker_parts(system: System) -> Sequence[Part]:
    if system.settings.runtime == "cluster":
        from penstock.wiring.cluster import kafka_settings  # noqa: PLC0415 - the embedded runtime needs none of it
        from services.status_tracker.cluster import tracker_parts  # noqa: PLC0415

        return tracker_parts(system, kafka_settings())
    return [tracker_loop(system), *periodic_work(system)]


def _serve(data: Path | None, as_json: bool, parts_of: Callable[[System], Sequence[Part]]) -> None:
    with reporting(as_json=as_json) as out, open_service(data) as system:
        run_until_told(parts_of(system))
        out.result({"stopped": True}, lambda: Text("Stopped."))


def run_until_told(parts: Sequence[Part]) -> None:
    """Run all parts until SIGTERM or SIGINT; when one fails, the others stop and its error is raised."""

    def stop(*_: object) -> None:
        for part in parts:
            part.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with ThreadPoolExecutor(len(parts)) as pool:
        for ended in as_completed([pool.submit(part.run) for part in parts]):
            stop()
            ended.result()
