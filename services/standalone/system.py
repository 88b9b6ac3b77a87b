"""The embedded system: uploader, dispatcher, workers and tracker in one process, for large files in a few more."""

from __future__ import annotations

from typing import Self

from penstock.config import Settings
from penstock.runner.runnable import Runnable
from penstock.runner.supervisor import Supervisor
from penstock.wiring import embedded
from services.row_processor.main import dispatcher_parts, worker_loops
from services.standalone.worker_processes import WorkerProcesses
from services.status_tracker.main import tracker_parts
from services.uploader.upkeep import upkeep_of


class Standalone:
    """Runs from `__enter__` to `__exit__`. With no `workers`, chunks are ingested by threads of this process;
    otherwise by that many processes, which are replaced when they die."""

    def __init__(self, settings: Settings, *, workers: int | None = None) -> None:
        self.settings = settings
        self.supervisor = Supervisor()
        self.system = embedded(settings, dependencies=self.supervisor.dependencies)
        count = settings.workers if workers is None else workers
        self._parts: list[Runnable] = [
            *([WorkerProcesses(settings, count, self.system.dependencies)] if count else worker_loops(self.system)),
            *dispatcher_parts(self.system),
            *tracker_parts(self.system),
            upkeep_of(self.system),
            self.system.prober(),
        ]

    def __enter__(self) -> Self:
        self.supervisor.start(self._parts)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until every part has finished its work, then close the stores."""
        self.supervisor.close()
        self.system.close()
