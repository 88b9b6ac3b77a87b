"""The uploader: serves the HTTP API, and takes the files that other services offer, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from penstock.application.consume import ConsumeLoop
from penstock.application.handling import PARTITION_STOPPED
from penstock.wiring import System
from services.uploader.api import create_app
from services.uploader.intake import Intake
from services.uploader.offers import offers_loop

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
) -> None:
    """Serve until SIGTERM or SIGINT. `listening` is told the address as soon as it is bound; port 0 is any free one.

    Raises OSError when the address is taken.
    """
    offers = None if system.foreign is None else offers_loop(system, system.foreign)
    server = ApiServer(create_app(system, intake, lambda: [*problems(), *_stopped(offers)]), host, port)
    listening(server.url)
    with _beside(offers, server.stop):
        server.run()


def _stopped(offers: ConsumeLoop | None) -> list[str]:
    healthy = offers is None or offers.healthy
    return [] if healthy else [PARTITION_STOPPED]


@contextmanager
def _beside(offers: ConsumeLoop | None, stop: Callable[[], None]) -> Iterator[None]:
    """Run the loop meanwhile; when it fails, `stop` ends the rest, and its error is raised."""
    if offers is None:
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(offers.run)
        running.add_done_callback(lambda _: stop())
        try:
            yield
        finally:
            offers.stop()
        running.result()


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
