"""Worker processes of the embedded system: started, watched, and replaced when they die."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import IO

import msgspec
import structlog

from penstock import failpoints
from penstock.application.health.dependencies import Dependencies
from penstock.config import Settings, environment
from penstock.domain.errors import Unavailable

WATCH_SECONDS = 0.2
MAX_RESTARTS = 20  # of all workers together; a worker that always dies is a bug, not an accident
STOP_SECONDS = 30.0

log = structlog.get_logger(__name__)


class WorkerProcesses:
    """Runs worker processes (`python -m services.row_processor.main`), each of which ends when this process does.

    A worker writes the dependencies that it waits for to its standard output; they are reported to `dependencies`.
    """

    name = "worker processes"

    def __init__(self, settings: Settings, count: int, dependencies: Dependencies) -> None:
        self._environment = {**os.environ, **environment(settings)}
        self._count, self._dependencies = count, dependencies
        self._processes: list[subprocess.Popen[bytes]] = []
        self._restarts = 0
        self._stopping = threading.Event()

    def run(self) -> None:
        """Keep the workers running until `stop`. Raises `Unavailable` when they have died too often."""
        try:
            self._processes += (self._spawn(at) for at in range(self._count))
            self._environment.pop(failpoints.VARIABLE, None)  # a worker that takes another's place does not die too
            while not self._stopping.wait(WATCH_SECONDS):
                self._replace_dead()
        finally:
            self._end()

    def stop(self) -> None:
        self._stopping.set()

    def problems(self) -> list[str]:
        """Always empty: outages are reported to the dependencies."""
        return []

    def _replace_dead(self) -> None:
        for at, process in enumerate(self._processes):
            if process.poll() is None:
                continue
            log.error("standalone.worker_died", returncode=process.returncode)
            if self._restarts == MAX_RESTARTS:
                raise Unavailable(f"worker processes have died {MAX_RESTARTS + 1} times")
            self._restarts += 1
            self._processes[at] = self._spawn(at)

    def _end(self) -> None:
        """Have every worker finish its chunk and end; one that does not is killed."""
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _spawn(self, at: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "services.row_processor.main", "--until-stdin-closes"]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment
        )
        threading.Thread(target=self._listen, args=(f"worker process {at}", process.stdout), daemon=True).start()
        return process

    def _listen(self, worker: str, output: IO[bytes]) -> None:
        """Report the outages that a worker waits for, until it ends."""
        try:
            with output:
                for line in output:
                    self._dependencies.report(worker, msgspec.json.decode(line, type=dict[str, str]))
        finally:  # a dead worker waits for nothing
            self._dependencies.report(worker, {})
