"""The uploader: serves the HTTP API, and takes the files that other services offer, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from penstock.application.consume import ConsumeLoop
from penstock.application.handling import PARTITION_STOPPED
from penstock.application.periodic import Periodic
from penstock.wiring import System
from services.uploader.api import create_app
from services.uploader.intake import Intake
from services.uploader.offers import offers_loop
from services.uploader.sweep import upkeep_of

STOP_SECONDS = 5  # what running calls get to end, among them event streams, which would not
BACKLOG = 512  # connections that wait to be taken


def serve(
    system: System,
    intake: Intake,
    problems: Callable[[], list[str]],
    host: str,
    port: int,
    *,
    listening: Callable[[str], None] = lambda _: None,
    upkeep: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. `listening` is told the address as soon as it is bound; port 0 is any free one.

    With `upkeep`, old and orphaned objects are swept meanwhile. Raises OSError when the address is taken.
    """
    offers = None if system.foreign is None else offers_loop(system, system.foreign)
    server = ApiServer(create_app(system, intake, lambda: [*problems(), *_stopped(offers)]), host, port)
    listening(server.url)
    parts: list[ConsumeLoop | Periodic] = [upkeep_of(system)] if upkeep else []
    parts += [] if offers is None else [offers]
    with _beside(parts, server.stop):
        server.run()


def _stopped(offers: ConsumeLoop | None) -> list[str]:
    healthy = offers is None or offers.healthy
    return [] if healthy else [PARTITION_STOPPED]


@contextmanager
def _beside(parts: Sequence[ConsumeLoop | Periodic], stop: Callable[[], None]) -> Iterator[None]:
    """Run the parts meanwhile; when one fails, `stop` ends the rest, and its error is raised."""
    with ThreadPoolExecutor(max(1, len(parts))) as pool:
        running = [pool.submit(part.run) for part in parts]
        for each in running:
            each.add_done_callback(lambda _: stop())
        try:
            yield
        finally:
            for part in parts:
                part.stop()
        for each in running:
            each.result()


class ApiServer:
    """One application on one address, which is bound at once. No access log: it would tell who asks for what."""

    def __init__(self, app: Litestar, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        address, bound_port = self._socket.getsockname()[:2]
        self.url = f"http://[{address}]:{bound_port}" if ":" in address else f"http://{address}:{bound_port}"
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = _Server(config)

    def run(self) -> None:
        """Serve until `stop`, or a signal when this is the main thread."""
        try:
            self._server.run([self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End after the calls that are running; for another thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn's server, which raises a signal again once it has stopped; here the caller goes on, to stop the rest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle's delay on
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound
