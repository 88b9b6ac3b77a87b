"""Health and metrics over HTTP, available from the start, while a service still waits for its servers."""

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
from penstock.runner.backlog_metrics import BacklogMetrics
from penstock.runner.consumer_metrics import ConsumerMetrics
from penstock.runner.dependency_metrics import DependencyMetrics
from penstock.runner.record_metrics import RecordMetrics
from penstock.runner.supervisor import Supervisor

JSON, PROBLEM, METRICS = "application/json", "application/problem+json", "text/plain; version=0.0.4"
REQUEST_TIMEOUT_SECONDS = 5.0  # for a client to send its request
MAX_CONNECTIONS = 32  # each has a thread; beyond the limit the oldest is closed


class Response(NamedTuple):
    status: int
    media: str
    body: bytes


@contextmanager
def serving_health(supervisor: Supervisor, host: str, port: int | None, *collectors: Collector) -> Iterator[str | None]:
    """Serve `/healthz`, `/readyz` and `/metrics` and yield the address; without `port`, serve nothing.

    The metrics are those of consumers, dependencies and `collectors`. Raises `Unavailable` when it cannot
    listen.
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


def respond(supervisor: Supervisor, metrics: CollectorRegistry, path: str) -> Response:
    match path:
        case "/healthz":
            return _state("ok", supervisor.ended_parts())
        case "/readyz":
            return _state("ready", supervisor.problems())
        case "/metrics":
            return Response(200, METRICS, generate_latest(metrics))
    fault = Fault(code="not_found", message="this path does not exist", hint="Use /healthz, /readyz or /metrics.")
    return _problem(404, fault.code, "Not Found", [fault])


def metrics_of(supervisor: Supervisor, *collectors: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    own = (
        ConsumerMetrics(supervisor.consumers),
        BacklogMetrics(supervisor.dispatching),
        DependencyMetrics(supervisor.dependencies),
        RecordMetrics(),
    )
    for each in (*own, *collectors):
        registry.register(each)
    return registry


class _Server(ThreadingTCPServer):
    """Handles each connection in a daemon thread, so that no probe waits for another.

    Not `http.server.HTTPServer`, which looks up this machine's name in the DNS before it listens.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], supervisor: Supervisor, metrics: CollectorRegistry) -> None:
        self.supervisor, self.metrics = supervisor, metrics
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._connections: dict[Any, None] = {}  # by socket, oldest first
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections[request] = None
            oldest = next(iter(self._connections)) if len(self._connections) > MAX_CONNECTIONS else None
            self._connections.pop(oldest, None)
        if oldest is not None:
            with suppress(OSError):  # it is already closed
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: clients may disconnect at any time."""

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == socket.AF_INET6 else f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT_SECONDS
    server_version, sys_version = "penstock", ""

    def do_GET(self) -> None:
        status, media, body = respond(self.server.supervisor, self.server.metrics, self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing, since probes come every few seconds."""


def _state(ok_status: str, problems: list[str]) -> Response:
    if not problems:
        return Response(200, JSON, msgspec.json.encode({"status": ok_status}))
    hint = "Wait; if it continues, check the log of this service."
    faults = [Fault(code="not_ready", message=text, hint=hint) for text in problems]
    return _problem(503, "not_ready", "Service Unavailable", faults)


def _problem(status: int, code: str, title: str, faults: list[Fault]) -> Response:
    detail = "; ".join(fault.message for fault in faults) or title
    problem = Problem(code=code, title=title, detail=detail, faults=faults)
    return Response(status, PROBLEM, msgspec.json.encode({**problem.to_json(), "status": status}))
