"""The uploader: the HTTP API, and beside it what takes other services' offers and what tidies up."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.domain.errors import Unavailable
from penstock.runner.periodic import Periodic
from penstock.wiring import System
from penstock.wiring.use_cases import use_cases_of
from services.uploader.api.app import create_app
from services.uploader.api.metrics import Metrics
from services.uploader.offers import offers_loop
from services.uploader.server import BACKLOG, Connections, GuardedProtocol, allowed_connections
from services.uploader.upkeep import upkeep_of

STOP_SECONDS = 5  # for running calls to end, among them event streams, which have no end


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
    use_cases = use_cases_of(system)
    app = create_app(use_cases, system.clock, problems, metrics or Metrics())
    return ApiServer(app, host, port, at_end=use_cases.audit.flush)


def background_parts(system: System) -> list[ConsumeLoop | Periodic]:
    """What an uploader that runs by itself does beside it: old and orphaned objects are swept, offers are taken."""
    offers = [] if system.external is None else [offers_loop(system, system.external)]
    return [upkeep_of(system), *offers]


class ApiServer:
    """One application on one address, which is bound at once. No access log: it would record who calls what.

    `at_end` is called when the last call has ended. Run it outside the main thread, where uvicorn would take signals.
    Raises `Unavailable` when it cannot listen there, and `Refused` when the process may open too few files.
    """

    name = "HTTP API"

    def __init__(self, app: FastAPI, host: str, port: int, *, at_end: Callable[[], None]) -> None:
        connections = Connections(allowed_connections())
        self._socket, self._at_end = _bound(host, port), at_end
        address, bound_port = self._socket.getsockname()[:2]
        self.url = f"http://[{address}]:{bound_port}" if ":" in address else f"http://{address}:{bound_port}"
        config = uvicorn.Config(
            app,
            http=cast(Any, partial(GuardedProtocol, connections=connections)),
            ws="none",
            backlog=BACKLOG,
            access_log=False,
            log_config=None,
            log_level="error",  # strangers must not be able to fill a log
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
            with suppress(Unavailable):  # only entries counted since the last record
                self._at_end()

    def stop(self) -> None:
        """End after the calls that are running; for another thread."""
        self._server.should_exit = True

    def problems(self) -> list[str]:
        """None of its own: a call that fails says so in its answer."""
        return []


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
