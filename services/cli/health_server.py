"""Health and metrics over HTTP, from a service's first moment on, while it still waits for its servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from penstock.application.consumer_metrics import ConsumerMetrics
from penstock.domain.errors import Fault, Problem, Unavailable
from services.cli.part_runner import PartRunner

JSON, PROBLEM, METRICS = "application/json", "application/problem+json", "text/plain; version=0.0.4"
SLOWEST_SECONDS = 5.0  # for a caller to send its few lines


class Answer(NamedTuple):
    status: int
    media: str
    body: bytes


@contextmanager
def serving_health(runner: PartRunner, host: str, port: int | None) -> Iterator[str | None]:
    """Tell how `runner` is at `/healthz`, `/readyz` and `/metrics` meanwhile, at the address yielded; without `port`
    nowhere. Raises `Unavailable` when it cannot listen there."""
    if port is None:
        yield None
        return
    try:
        server = _Server((host, port), runner)
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}, port {port}: {error.strerror}") from None
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.url
        finally:
            server.shutdown()


def answer(runner: PartRunner, path: str) -> Answer:
    match path:
        case "/healthz":
            return _state("ok", runner.deaths())
        case "/readyz":
            return _state("ready", runner.problems())
        case "/metrics":
            return Answer(200, METRICS, metrics_text(runner))
    lost = Fault(code="not_found", message="there is nothing here", mend="Ask for /healthz, /readyz or /metrics.")
    return _problem(404, lost.code, "Not Found", [lost])


def metrics_text(runner: PartRunner) -> bytes:
    """What the consumers have counted, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(ConsumerMetrics(runner.consumers))
    return generate_latest(registry)


class _Server(ThreadingTCPServer):
    """One probe must not wait for another: each has a thread, which dies with the process.

    Not `http.server`'s own, which asks the DNS for this machine's name before it listens.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], runner: PartRunner) -> None:
        self.runner = runner
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == socket.AF_INET6 else f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SLOWEST_SECONDS
    server_version, sys_version = "penstock", ""

    def do_GET(self) -> None:
        told = answer(self.server.runner, self.path.partition("?")[0])
        self.send_response(told.status)
        self.send_header("Content-Type", told.media)
        self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        self.wfile.write(told.body)

    def log_message(self, *_: object) -> None:
        """Nothing: a probe every few seconds is no news."""


def _state(good: str, problems: list[str]) -> Answer:
    if not problems:
        return Answer(200, JSON, msgspec.json.encode({"status": good}))
    mend = "Wait; when it lasts, see the log of this service."
    faults = [Fault(code="not_ready", message=text, mend=mend) for text in problems]
    return _problem(503, "not_ready", "Service Unavailable", faults)


def _problem(status: int, code: str, title: str, faults: list[Fault]) -> Answer:
    detail = "; ".join(fault.message for fault in faults) or title
    problem = Problem(code=code, title=title, detail=detail, faults=faults)
    return Answer(status, PROBLEM, msgspec.json.encode({**problem.to_json(), "status": status}))
