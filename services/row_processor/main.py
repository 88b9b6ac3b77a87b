"""The row processor: the dispatcher and the workers.

`python -m services.row_processor.main` runs one worker.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import closing, suppress
from typing import NamedTuple

import msgspec
import structlog

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.groups import DISPATCHERS, EXPRESS_WORKERS, WORKERS
from penstock.application.health.dependencies import Dependencies, Outages
from penstock.application.requests.queues import Queues
from penstock.config import Settings, load_settings
from penstock.domain.events import CHUNK_EXPRESS, CHUNK_READY, UPLOAD_REQUESTED
from penstock.hardening import protect_memory
from penstock.logs import configure
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Runnable
from penstock.runner.signals import stop_when_signalled
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System, await_system
from services.row_processor.dispatcher import EXPRESS_WINDOW, Dispatcher
from services.row_processor.queue_reports import QueueReports
from services.row_processor.worker import Worker

MAX_PAUSE_SECONDS = 1.0  # so that a stopping worker notices it soon
DISPATCH_SECONDS = 0.1  # a worker has a chunk to go on with meanwhile
QUIET_SECONDS = 60.0
BATCH_REQUESTS = 100  # that the dispatcher hears of at once: one commit for all
BUG = 70  # EX_SOFTWARE of sysexits.h

log = structlog.get_logger(__name__)


class Dispatching(NamedTuple):
    """A dispatcher, and the loop that tells it of new requests."""

    loop: ConsumeLoop
    dispatcher: Dispatcher


def dispatching(system: System, quiet_seconds: float = QUIET_SECONDS) -> Dispatching:
    dispatcher = Dispatcher(
        log=system.log,
        store=system.control,
        requests=system.requests,
        chunks=system.chunks,
        files=system.files,
        clock=system.clock,
        reports=QueueReports(Queues(system.control), system.clock, system.dependencies.lasting),
        limits=system.tenant_limits,
        owned=lambda: loop.assignment(),
        quiet_seconds=quiet_seconds,
    )
    loop = ConsumeLoop(
        log=system.log,
        group=DISPATCHERS,
        topics=[UPLOAD_REQUESTED],
        handle=dispatcher.handle,
        clock=system.clock,
        max_messages=BATCH_REQUESTS,
        dependencies=system.dependencies,
    )
    return Dispatching(loop, dispatcher)


class Sending(Periodic):
    """Has the dispatcher send what may be sent."""

    def __init__(self, dispatcher: Dispatcher, dependencies: Dependencies) -> None:
        super().__init__(
            "dispatching", dispatcher.dispatch, DISPATCH_SECONDS, dependencies=dependencies, essential=True
        )
        self.backlog = dispatcher.backlog


def dispatcher_parts(system: System) -> list[Runnable]:
    """The parts of `penstock dispatcher`."""
    loop, dispatcher = dispatching(system)
    return [loop, Sending(dispatcher, system.dependencies)]


def worker_loops(system: System) -> list[ConsumeLoop]:
    """The parts of `penstock worker`: chunks of requests that have only one do not wait for others."""
    one_at_a_time = threading.Lock()

    def loop(group: str, topic: str, max_messages: int) -> ConsumeLoop:
        worker = Worker(
            log=system.log,
            requests=system.requests,
            chunks=system.chunks,
            profiles=system.profiles,
            files=system.files,
            keys=system.keys,
            clock=system.clock,
            random=system.random,
            one_at_a_time=one_at_a_time,
        )
        return ConsumeLoop(
            log=system.log,
            group=group,
            topics=[topic],
            handle=worker.handle,
            clock=system.clock,
            max_messages=max_messages,
            dependencies=system.dependencies,
        )

    return [loop(WORKERS, CHUNK_READY, 1), loop(EXPRESS_WORKERS, CHUNK_EXPRESS, EXPRESS_WINDOW)]


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
        supervisor.run(worker_loops(system))


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
