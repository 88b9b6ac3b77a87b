"""The embedded system: uploader, splitter, workers and tracker in one process, for large files in a few more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import structlog

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.processing import PARTITION_STOPPED
from penstock.application.health.probing import Prober
from penstock.config import Settings
from penstock.runner.periodic import Periodic
from penstock.wiring import embedded
from penstock.wiring.uploads import intake_of
from services.row_processor.main import splitter_loop, worker_loop
from services.standalone.worker_processes import WorkerProcesses
from services.status_tracker.main import periodic_work, tracker_loop
from services.uploader.upkeep import upkeep_of

log = structlog.get_logger(__name__)


class _Running(NamedTuple):
    part: ConsumeLoop | Periodic | Prober
    thread: threading.Thread


class Standalone:
    """Runs from `__enter__` to `__exit__`. With no `workers`, chunks are ingested by a thread of this process;
    otherwise by that many processes, which are started anew when they die."""

    def __init__(self, settings: Settings, *, workers: int | None = None) -> None:
        self.settings = settings
        self.system = embedded(settings)
        self.intake = intake_of(self.system)
        count = settings.workers if workers is None else workers
        self._processes = WorkerProcesses(settings, count, self.system.dependencies)
        self._parts: list[ConsumeLoop | Periodic | Prober] = [splitter_loop(self.system), tracker_loop(self.system)]
        self._parts += periodic_work(self.system)
        self._parts += [upkeep_of(self.system), self.system.prober()]
        if not count:
            self._parts.append(worker_loop(self.system))
        self._running: list[_Running] = []
        self._failed: list[str] = []

    def __enter__(self) -> Self:
        self._processes.start()
        for part in self._parts:
            thread = threading.Thread(target=self._guarded, args=(part.run,), daemon=True)
            thread.start()
            self._running.append(_Running(part, thread))
        return self

    def __exit__(self, *_: object) -> None:
        """Let every part finish what it has begun, then close the stores.

        Those that consume go first: the notifier's last pass sends what the tracker has announced last.
        """
        self._processes.stop()
        for kind in (ConsumeLoop, Periodic, Prober):
            self._stop([each for each in self._running if isinstance(each.part, kind)])
        self.system.close()

    def problems(self) -> list[str]:
        """What keeps the system from working, in sentences; nothing when all is well."""
        stopped = [PARTITION_STOPPED for part in self.consumers() if not part.healthy]
        return [*self._failed, *self._processes.problems(), *stopped, *self.system.dependencies.problems()]

    def ended_parts(self) -> list[str]:
        """What only a new process can fix."""
        return list(self._failed)

    def consumers(self) -> list[ConsumeLoop]:
        """Those of the parts in this process that handle events."""
        return [part for part in self._parts if isinstance(part, ConsumeLoop)]

    @staticmethod
    def _stop(running: Sequence[_Running]) -> None:
        for each in running:
            each.part.stop()
        for each in running:
            each.thread.join()

    def _guarded(self, run: Callable[[], None]) -> None:
        """A bug in one part is told, not swallowed with its thread."""
        try:
            run()
        except Exception as error:
            name = type(error).__name__
            log.critical("standalone.part_failed", error=name, exc_info=self.settings.log_level == "debug")
            self._failed.append(f"a part of the system has failed with {name}; start it again")
