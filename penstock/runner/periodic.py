"""Work that is done now and then, for as long as its service runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from penstock.application.health.dependencies import Dependencies, Outages, outage
from penstock.domain.errors import Conflict, Unavailable

AGAIN_SECONDS = 5.0  # at most, after work that could not be done

log = structlog.get_logger(__name__)


class Periodic:
    """Calls `work` every `seconds`, the first time at once, and, if `at_end`, once more when it is stopped.

    An outage is waited for, and reported to `dependencies`; a bug ends it, raised by `run`.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        seconds: float,
        *,
        at_end: bool = False,
        dependencies: Dependencies | None = None,
    ) -> None:
        self.name, self._work, self._seconds, self._at_end = name, work, seconds, at_end
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            done = self._try()
            self._stopping.wait(self._seconds if done else min(self._seconds, AGAIN_SECONDS))
        if self._at_end:
            self._try()
        self._dependencies.report(self.name, {})

    def _try(self) -> bool:
        """Whether it was done."""
        outages: Outages = {}
        try:
            self._work()
        except Unavailable as error:
            outages = outage(error)
        except Conflict as error:
            log.info("periodic.conflict", work=self.name, error=str(error))
            return False
        self._dependencies.report(self.name, outages)
        return not outages

    def stop(self) -> None:
        self._stopping.set()

    def problems(self) -> list[str]:
        """None of its own: an outage is its dependency's."""
        return []
