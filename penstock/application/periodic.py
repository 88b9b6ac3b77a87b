"""Work that is done now and then, for as long as its service runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from penstock.domain.errors import Conflict, Unavailable

log = structlog.get_logger(__name__)


class Periodic:
    """Calls `work` every `seconds`, the first time at once, and, if `at_end`, once more when it is stopped.

    An outage is waited for; a bug ends it, raised by `run`.
    """

    def __init__(self, name: str, work: Callable[[], object], seconds: float, *, at_end: bool = False) -> None:
        self._name, self._work, self._seconds, self._at_end = name, work, seconds, at_end
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            self._try()
            self._stopping.wait(self._seconds)
        if self._at_end:
            self._try()

    def _try(self) -> None:
        try:
            self._work()
        except (Unavailable, Conflict) as error:
            log.warning("periodic.waiting", work=self._name, error=f"{error.code}: {error}")

    def stop(self) -> None:
        self._stopping.set()
