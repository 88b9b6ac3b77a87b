"""The uploader: the HTTP API, and beside it what takes other services' offers and what tidies up."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvicorn
from litestar import Litestar

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.domain.errors import Unavailable
from penstock.runner.periodic import Periodic
from penstock.wiring import System
from penstock.wiring.uploads import intake_of
from services.uploader.api.app import create_app
from services.uploader.api.metrics import Metrics
from services.uploader.offers import offers_loop
from services.uploader.server import BACKLOG, Connections, GuardedProtocol, allowed_connections
from services.uploader.upkeep import upkeep_of

STOP_SECONDS = 5  # what running calls get to end, among them event streams, which would not


def api_server(
    system: System,
    host: str,
    port: int,
    *,
    problems: Callable[[], list[str]],
    metrics: Metrics | None = None,
) -> ApiServer:
    """The API at an address, port 0 being any free one. `problems` as of `create_app`.

    Raises `Unavailable` when it cannot listen there, and `Refused` when the process may open too few files.
    """
    return ApiServer(create_app(system, intake_of(system), problems, metrics or Metrics()), host, port)


def background_parts(system: System) -> list[ConsumeLoop | Periodic]:
    """What an uploader that runs by itself does beside it: old and orphaned objects are swept, offers are taken."""
    offers = [] if system.external is None else [offers_loop(system, system.external)]
    return [upkeep_of(system), *offers]


class ApiServer:
    """One application on one address, which is bound at once. No access log: it would tell who asks for what.

    Raises `Unavailable` when it cannot listen there, and `Refused` when the process may open too few files. Run it
    outside the main thread, where uvicorn would take signals.
    """

    def __init__(self, app: Litestar, host: str, port: int) -> None:
        connections = Connections(allowed_connections())
        self._socket = _bound(host, port)
        address, bound_port = self._socket.getsockname()[:2]
        self.url = f"http://[{address}]:{bound_port}" if ":" in address else f"http://{address}:{bound_port}"
        config = uvicorn.Config(
            app,
            http=cast(Any, partial(GuardedProtocol, connections=connections)),
            ws="none",
            backlog=BACKLOG,
            access_log=False,
            log_config=None,
            log_level="error",  # what strangers send must not fill a log
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self._server.run([self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End after the calls that are running; for another thread."""
        self._server.should_exit = True


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle's delay on
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise Unavailable(f"cannot listen on {host}, port {port}: {error.strerror}") from error
    return bound
