"""Health and metrics over HTTP, from a service's first moment on, while it still waits for its servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from penstock.domain.errors import Fault, Problem, Unavailable
from penstock.runner.consumer_metrics import ConsumerMetrics
from penstock.runner.dependency_metrics import DependencyMetrics
from penstock.runner.supervisor import Supervisor

JSON, PROBLEM, METRICS = "application/json", "application/problem+json", "text/plain; version=0.0.4"
SLOWEST_SECONDS = 5.0  # for a caller to send its few lines
MAX_CALLERS = 32  # each has a thread; one more, and the first of them goes


class Answer(NamedTuple):
    status: int
    media: str
    body: bytes


@contextmanager
def serving_health(supervisor: Supervisor, host: str, port: int | None, *collectors: Collector) -> Iterator[str | None]:
    """Serve `/healthz`, `/readyz` and `/metrics` of the process at the address that is yielded; nowhere without `port`.

    Its metrics are those of its consumers and dependencies, and of `collectors`. Raises `Unavailable` when it cannot
    listen there.
    """
    if port is None:
        yield None
        return
    try:
        server = _Server((host, port), supervisor, metrics_of(supervisor, *collectors))
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}, port {port}: {error.strerror}") from None
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.url
        finally:
            server.shutdown()


def answer(supervisor: Supervisor, metrics: CollectorRegistry, path: str) -> Answer:
    match path:
        case "/healthz":
            return _state("ok", supervisor.ended_parts())
        case "/readyz":
            return _state("ready", supervisor.problems())
        case "/metrics":
            return Answer(200, METRICS, generate_latest(metrics))
    lost = Fault(code="not_found", message="there is nothing here", hint="Ask for /healthz, /readyz or /metrics.")
    return _problem(404, lost.code, "Not Found", [lost])


def metrics_of(supervisor: Supervisor, *collectors: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    for each in (ConsumerMetrics(supervisor.consumers), DependencyMetrics(supervisor.dependencies), *collectors):
        registry.register(each)
    return registry


class _Server(ThreadingTCPServer):
    """One probe must not wait for another: each has a thread, which dies with the process.

    Not `http.server`'s own, which asks the DNS for this machine's name before it listens.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], supervisor: Supervisor, metrics: CollectorRegistry) -> None:
        self.supervisor, self.metrics = supervisor, metrics
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._callers: dict[Any, None] = {}  # their sockets, the first one first
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._callers[request] = None
            first = next(iter(self._callers)) if len(self._callers) > MAX_CALLERS else None
            self._callers.pop(first, None)
        if first is not None:
            with suppress(OSError):  # it has gone by itself
                first.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._callers.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a caller that goes in the middle is no news."""

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == socket.AF_INET6 else f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SLOWEST_SECONDS
    server_version, sys_version = "penstock", ""

    def do_GET(self) -> None:
        status, media, body = answer(self.server.supervisor, self.server.metrics, self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a probe every few seconds is no news."""


def _state(good: str, problems: list[str]) -> Answer:
    if not problems:
        return Answer(200, JSON, msgspec.json.encode({"status": good}))
    hint = "Wait; when it lasts, see the log of this service."
    faults = [Fault(code="not_ready", message=text, hint=hint) for text in problems]
    return _problem(503, "not_ready", "Service Unavailable", faults)


def _problem(status: int, code: str, title: str, faults: list[Fault]) -> Answer:
    detail = "; ".join(fault.message for fault in faults) or title
    problem = Problem(code=code, title=title, detail=detail, faults=faults)
    return Answer(status, PROBLEM, msgspec.json.encode({**problem.to_json(), "status": status}))
