"""Work that is done now and then, for as long as its service runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from penstock.domain.errors import Conflict, Unavailable

log = structlog.get_logger(__name__)


class Periodic:
    """Calls `work` every `seconds`, the first time at once. An outage is waited for; a bug ends it, raised by `run`."""

    def __init__(self, name: str, work: Callable[[], object], seconds: float) -> None:
        self._name, self._work, self._seconds = name, work, seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`, and once more at the end, so that nothing that was due is left."""
        while True:
            last = self._stopping.is_set()
            try:
                self._work()
            except (Unavailable, Conflict) as error:
                log.warning("periodic.waiting", work=self._name, error=f"{error.code}: {error}")
            if last:
                return
            self._stopping.wait(self._seconds)

    def stop(self) -> None:
        self._stopping.set()
