"""The supervisor of a process: runs its parts, each in a thread, stops them in order, and says how they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import groupby

import structlog

from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Prober
from penstock.domain.errors import PartFailed, PenstockError
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Consumer, Runnable

WAKE_SECONDS = 0.2  # Python hears a signal that the kernel gave to another thread when the main one wakes up

log = structlog.get_logger(__name__)


class Supervisor:
    """Parts that are started run in the background: one that fails is reported, and the others go on, until `close`.
    Those that are run are waited for: one that ends stops the others, and its error is raised.

    May be asked from any thread, and before anything has started: until then the process waits for its servers.
    """

    def __init__(self, dependencies: Dependencies | None = None) -> None:
        self.dependencies = dependencies or Dependencies()
        self.stopping = False
        self._parts: list[_Part] = []

    def start(self, parts: Sequence[Runnable]) -> None:
        self._start(parts, threading.Event())

    def run(self, parts: Sequence[Runnable]) -> None:
        """Run all parts until `stop`, or until one ends; then stop all, and raise the first error of one of them."""
        ended = threading.Event()
        started = self._start(parts, ended)
        while not (self.stopping or ended.wait(WAKE_SECONDS)):
            pass
        _stop(started)
        for part in started:
            if part.error is not None:
                raise part.error

    def stop(self) -> None:
        """End `run`; for another thread, or a signal handler, which may take no lock."""
        self.stopping = True

    def close(self) -> None:
        """Have every part that was started finish what it has begun."""
        self.stopping = True
        _stop(self._parts)

    def ended_parts(self) -> list[str]:
        """What only a new process can fix: the parts that have ended though nothing stopped them, in sentences."""
        return [part.end for part in self._parts if part.end]

    def check(self) -> None:
        """Raises `PartFailed` when a part without which no request goes on has ended."""
        for part in self._parts:
            if part.end and part.stage == _WORK:
                raise PartFailed(part.end)

    def problems(self) -> list[str]:
        """Why the process cannot do its work now, in sentences; nothing when it can."""
        if self.stopping:
            return ["the service is stopping"]
        waited_for = self.dependencies.problems()
        if not self._parts:
            return ["the service waits for its servers", *waited_for]
        reported = [problem for part in self._parts for problem in part.problems()]
        return list(dict.fromkeys([*reported, *waited_for]))

    def consumers(self) -> list[Consumer]:
        """Those of the parts that handle events."""
        return [part.runnable for part in self._parts if isinstance(part.runnable, Consumer)]

    def _start(self, runnables: Sequence[Runnable], ended: threading.Event) -> list[_Part]:
        parts = [_Part(runnable, ended) for runnable in runnables]
        self._parts += parts
        for part in parts:
            part.thread.start()
        return parts


_WORK, _PERIODIC, _PROBING = range(3)  # in this order parts stop


class _Part:
    """A part that was started; `end` says how it ended, unless it was stopped. `ended` is set when it has."""

    def __init__(self, runnable: Runnable, ended: threading.Event) -> None:
        self.runnable, self._ended = runnable, ended
        self.thread = threading.Thread(target=self._run, name=runnable.name, daemon=True)
        self.end = ""
        self.error: BaseException | None = None
        self._stopped = False

    @property
    def stage(self) -> int:
        """Periodic work stops after what works on requests: the notifier's last pass sends what was announced last."""
        if isinstance(self.runnable, Prober):
            return _PROBING
        return _PERIODIC if isinstance(self.runnable, Periodic) else _WORK

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
    """Stop one stage after the other, and all parts of a stage together."""
    for _, stage in groupby(sorted(parts, key=lambda part: part.stage), lambda part: part.stage):
        ending = list(stage)
        for part in ending:
            part.stop()
        for part in ending:
            part.thread.join()


def _described(error: BaseException) -> str:
    """The message of a foreign error is left out, since it might hold a customer's value."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, PenstockError) else name
