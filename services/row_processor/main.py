"""The row processor: the splitter and the workers, each a consume loop.

`python -m services.row_processor.main` runs one worker.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

import msgspec
import structlog

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.health.dependencies import Dependencies, Outages
from penstock.config import Settings, load_settings
from penstock.domain.events import CHUNK_READY, UPLOAD_REQUESTED
from penstock.hardening import protect_memory
from penstock.logs import configure
from penstock.wiring import System, await_system
from services.row_processor.splitter import Splitter
from services.row_processor.worker import Worker

SPLITTERS = "penstock.splitters"
WORKERS = "penstock.workers"
LONGEST_PAUSE_SECONDS = 1.0  # until it is seen that a worker shall end
BUG = 70  # EX_SOFTWARE of sysexits.h

log = structlog.get_logger(__name__)


def splitter_loop(system: System) -> ConsumeLoop:
    splitter = Splitter(system.log, system.requests, system.files, system.clock)
    return ConsumeLoop(
        log=system.log,
        group=SPLITTERS,
        topics=[UPLOAD_REQUESTED],
        handle=splitter.handle,
        clock=system.clock,
        dependencies=system.dependencies,
    )


def worker_loop(system: System) -> ConsumeLoop:
    worker = Worker(
        log=system.log,
        requests=system.requests,
        chunks=system.chunks,
        profiles=system.profiles,
        files=system.files,
        keys=system.keys,
        clock=system.clock,
        random=system.random,
        bits=system.settings.bucket_bits,
    )
    return ConsumeLoop(
        log=system.log,
        group=WORKERS,
        topics=[CHUNK_READY],
        handle=worker.handle,
        clock=system.clock,
        dependencies=system.dependencies,
    )


def main() -> None:
    """Run one worker; a bug ends it with a line in the log, and with a traceback only at the level debug."""
    protect_memory()
    settings = load_settings()
    configure(settings.log_level, "worker")
    try:
        run_worker(settings)
    except Exception as error:
        log.critical("worker.failed", error=type(error).__name__, exc_info=settings.log_level == "debug")
        sys.exit(BUG)


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT or, as a part of a larger process, until that one is gone."""
    stopping = threading.Event()
    within = "--until-stdin-closes" in sys.argv[1:]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if within:
        threading.Thread(target=_await_end_of_input, args=(stopping,), daemon=True).start()

    def pause(seconds: float) -> None:
        """Not `stopping.wait`: a signal's handler that found the main thread within it would never end."""
        time.sleep(min(seconds, LONGEST_PAUSE_SECONDS))
        if stopping.is_set():
            sys.exit(0)

    def stop() -> None:
        stopping.wait()
        loop.stop()

    system = await_system(settings, _dependencies(within=within), pause)
    loop = worker_loop(system)
    threading.Thread(target=stop, daemon=True).start()
    try:
        loop.run()
    finally:
        system.close()


def _dependencies(*, within: bool) -> Dependencies:
    """A parent hears of each change at once: it is the one who waits until what is back has stayed so for a while."""
    return Dependencies(changed=_tell_parent, settle_seconds=0.0) if within else Dependencies()


def _tell_parent(outages: Outages) -> None:
    """What this worker waits for, as a line of its standard output; the parent has it logged, once for all."""
    with suppress(BrokenPipeError):  # a parent that is gone ends this process, too
        os.write(sys.stdout.fileno(), msgspec.json.encode(outages) + b"\n")


def _await_end_of_input(ended: threading.Event) -> None:
    """The other end of the pipe closes however the parent ends, by SIGKILL too."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    ended.set()


if __name__ == "__main__":
    main()
