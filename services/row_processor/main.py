"""The row processor: the splitter and the workers, each a consume loop.

`python -m services.row_processor.main` runs one worker.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import closing, suppress

import msgspec
import structlog

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.groups import SPLITTERS, WORKERS
from penstock.application.health.dependencies import Dependencies, Outages
from penstock.config import Settings, load_settings
from penstock.domain.events import CHUNK_READY, UPLOAD_REQUESTED
from penstock.hardening import protect_memory
from penstock.logs import configure
from penstock.runner.signals import stop_when_signalled
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System, await_system
from services.row_processor.splitter import Splitter
from services.row_processor.worker import Worker

MAX_PAUSE_SECONDS = 1.0  # so that a stopping worker notices it soon
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
    within = "--until-stdin-closes" in sys.argv[1:]
    supervisor = Supervisor(_dependencies(within=within))
    stop_when_signalled(supervisor)
    if within:
        threading.Thread(target=_stop_at_end_of_input, args=(supervisor,), daemon=True).start()
    try:
        run_worker(settings, supervisor)
    except Exception as error:
        if not supervisor.ended_parts():  # the failure is not logged yet
            log.critical("worker.failed", error=type(error).__name__, exc_info=settings.log_level == "debug")
        sys.exit(BUG)


def run_worker(settings: Settings, supervisor: Supervisor) -> None:
    """Work until `supervisor` is stopped."""

    def pause(seconds: float) -> None:
        """Short, as a signal does not end it: its handler only notifies the supervisor."""
        time.sleep(min(seconds, MAX_PAUSE_SECONDS))
        if supervisor.stopping:
            sys.exit(0)

    with closing(await_system(settings, supervisor.dependencies, pause)) as system:
        supervisor.run([worker_loop(system)])


def _dependencies(*, within: bool) -> Dependencies:
    """The dependencies, reported to a parent process at each change; the parent decides when one is available."""
    return Dependencies(changed=_report_to_parent, recovery_seconds=0.0) if within else Dependencies()


def _report_to_parent(outages: Outages) -> None:
    """Print the dependencies that this worker waits for; the parent reads them and logs each outage once for all
    workers."""
    with suppress(BrokenPipeError):  # a parent that is gone ends this process, too
        os.write(sys.stdout.fileno(), msgspec.json.encode(outages) + b"\n")


def _stop_at_end_of_input(supervisor: Supervisor) -> None:
    """The other end of the pipe closes however the parent ends, by SIGKILL too."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    supervisor.stop()


if __name__ == "__main__":
    main()
