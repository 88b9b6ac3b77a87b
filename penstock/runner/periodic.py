"""Work that is repeated while its service runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from penstock.application.health.dependencies import Dependencies, shared_outage
from penstock.domain.errors import Conflict, Unavailable

MAX_RETRY_SECONDS = 5.0  # after work that failed

log = structlog.get_logger(__name__)


class Periodic:
    """Calls `work` immediately and then every `seconds`, and with `at_end` once more when it is stopped.

    Outages are reported to `dependencies` and retried; a bug ends `run`, which raises it. `essential`: requests come to
    no end without it.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        seconds: float,
        *,
        at_end: bool = False,
        dependencies: Dependencies | None = None,
        essential: bool = False,
    ) -> None:
        self.essential = essential
        self.name, self._work, self._seconds, self._at_end = name, work, seconds, at_end
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            done = self._try()
            self._stopping.wait(self._seconds if done else min(self._seconds, MAX_RETRY_SECONDS))
        if self._at_end:
            self._try()
        self._dependencies.report(self.name, {})

    def _try(self) -> bool:
        """Call `work`; returns whether it succeeded."""
        try:
            self._work()
        except Unavailable as error:
            self._dependencies.report(self.name, shared_outage(error))
            return False
        except Conflict as error:
            log.info("periodic.conflict", work=self.name, error=str(error))
            return False
        self._dependencies.report(self.name, {})
        return True

    def stop(self) -> None:
        self._stopping.set()

    def problems(self) -> list[str]:
        """Always empty, because `Dependencies` reports outages."""
        return []
