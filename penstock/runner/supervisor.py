"""The supervisor of a process: runs its parts in threads, stops them in order, and reports their problems."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import groupby

import structlog

from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Prober
from penstock.domain.errors import PartFailed, PenstockError
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Consumer, Dispatching, Runnable

WAKE_SECONDS = (
    0.2  # Python runs a signal handler only when the main thread wakes up, if another thread received the signal
)

log = structlog.get_logger(__name__)


class Supervisor:
    """Parts passed to `start` run in the background until `close`: when one fails, it is reported, and the others
    continue. Parts passed to `run` are awaited: when one ends, the others stop, and its error is raised.

    Thread-safe; may be queried before any part has started, while the process waits for its servers.
    """

    def __init__(self, dependencies: Dependencies | None = None) -> None:
        self.dependencies = dependencies or Dependencies()
        self.stopping = False
        self._parts: list[_Part] = []

    def start(self, parts: Sequence[Runnable]) -> None:
        self._start(parts, threading.Event())

    def run(self, parts: Sequence[Runnable]) -> None:
        """Run all parts until `stop`, or until one ends; then stop all, and raise the first error."""
        ended = threading.Event()
        started = self._start(parts, ended)
        while not (self.stopping or ended.wait(WAKE_SECONDS)):
            pass
        _stop(started)
        for part in started:
            if part.error is not None:
                raise part.error

    def stop(self) -> None:
        """End `run`; takes no lock, so that a signal handler may call it."""
        self.stopping = True

    def close(self) -> None:
        """Stop every started part after its work in progress."""
        self.stopping = True
        _stop(self._parts)

    def ended_parts(self) -> list[str]:
        """A sentence for each part that ended without being stopped, which only a restart can fix."""
        return [part.end for part in self._parts if part.end]

    def check(self) -> None:
        """Raise `PartFailed` when a part that requests depend on has ended."""
        for part in self._parts:
            if part.end and part.stage == _WORK:
                raise PartFailed(part.end)

    def problems(self) -> list[str]:
        """Sentences that say why the process cannot work now; empty when it can."""
        if self.stopping:
            return ["the service is stopping"]
        outages = self.dependencies.problems()
        if not self._parts:
            return ["the service waits for its servers", *outages]
        reported = [problem for part in self._parts for problem in part.problems()]
        return list(dict.fromkeys([*reported, *outages]))

    def dispatching(self) -> list[Dispatching]:
        """The parts that send chunks to the workers."""
        return [part.runnable for part in self._parts if isinstance(part.runnable, Dispatching)]

    def consumers(self) -> list[Consumer]:
        """The parts that handle events."""
        return [part.runnable for part in self._parts if isinstance(part.runnable, Consumer)]

    def _start(self, runnables: Sequence[Runnable], ended: threading.Event) -> list[_Part]:
        parts = [_Part(runnable, ended) for runnable in runnables]
        self._parts += parts
        for part in parts:
            part.thread.start()
        return parts


_WORK, _PERIODIC, _PROBING = range(3)  # the order in which parts stop


class _Part:
    """A started part; `end` says how it ended, unless it was stopped. Sets `ended` at its end."""

    def __init__(self, runnable: Runnable, ended: threading.Event) -> None:
        self.runnable, self._ended = runnable, ended
        self.thread = threading.Thread(target=self._run, name=runnable.name, daemon=True)
        self.end = ""
        self.error: BaseException | None = None
        self._stopped = False

    @property
    def stage(self) -> int:
        """Periodic work stops after request processing, so that the notifier also sends the last announcements."""
        if isinstance(self.runnable, Prober):
            return _PROBING
        is_aside = isinstance(self.runnable, Periodic) and not self.runnable.essential
        return _PERIODIC if is_aside else _WORK

    def stop(self) -> None:
        self._stopped = True
        self.runnable.stop()

    def problems(self) -> list[str]:
        return [self.end] if self.end else self.runnable.problems()

    def _run(self) -> None:
        try:
            self.runnable.run()
            if not self._stopped:
                self._report("has ended by itself", "ended by itself")
        except BaseException as error:
            self.error = error
            self._report(f"has failed with {_described(error)}", _described(error))
            log.debug("part.trace", part=self.runnable.name, exc_info=error)
        finally:
            self._ended.set()

    def _report(self, how: str, error: str) -> None:
        self.end = f"the part {self.runnable.name} {how}: see the log"
        log.critical("part.failed", part=self.runnable.name, error=error)


def _stop(parts: Sequence[_Part]) -> None:
    """Stop the stages in order, and all parts of a stage together."""
    for _, stage in groupby(sorted(parts, key=lambda part: part.stage), lambda part: part.stage):
        ending = list(stage)
        for part in ending:
            part.stop()
        for part in ending:
            part.thread.join()


def _described(error: BaseException) -> str:
    """Omits the message of errors that are not Penstock's, since it might contain a customer's value."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, PenstockError) else name
