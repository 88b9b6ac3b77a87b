"""Asks now and then whether what a service needs is available, also while no work would show it.

A probe that does not answer is reported, too: each has a thread of its own, so that one that hangs holds up no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from penstock.application.health.dependencies import Dependencies, outage
from penstock.domain.errors import Unavailable
from penstock.ports.clock import Clock

PROBE_SECONDS = 3.0  # between two probes of one dependency
SILENCE_SECONDS = 15.0  # without an answer, after which a dependency counts as unavailable
DOUBT_SECONDS = 1.0  # until a probe that has failed once is made again
LOOK_SECONDS = 0.5  # between two looks at probes that have not answered yet
LAST_SECONDS = 3.0  # for a probe to end when its service does


class Probe(NamedTuple):
    """`check` returns when `dependency` answers, and raises `Unavailable` when it does not."""

    dependency: str
    check: Callable[[], object]
    seconds: float = PROBE_SECONDS


class Prober:
    """A part of a service, like a consume loop."""

    name = "prober"

    def __init__(self, probes: Sequence[Probe], dependencies: Dependencies, clock: Clock) -> None:
        self._runs = [_Run(probe, dependencies, clock) for probe in probes]
        self._stopping = threading.Event()
        for probe in probes:
            dependencies.expect(probe.dependency)

    def run(self) -> None:
        """Probe until `stop`."""
        threads = [threading.Thread(target=run.repeat, args=(self._stopping,), daemon=True) for run in self._runs]
        for thread in threads:
            thread.start()
        while not self._stopping.wait(LOOK_SECONDS):
            for run in self._runs:
                run.report_silence()
        for thread in threads:
            thread.join(LAST_SECONDS)

    def stop(self) -> None:
        self._stopping.set()

    def problems(self) -> list[str]:
        """None of its own: what does not answer is reported to the dependencies."""
        return []


class _Run:
    """One probe, again and again."""

    def __init__(self, probe: Probe, dependencies: Dependencies, clock: Clock) -> None:
        self._probe, self._dependencies, self._clock = probe, dependencies, clock
        self._asked_at: float | None = None
        self._failures = 0  # in a row

    def repeat(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._asked_at = self._clock.monotonic()
            outages = self._ask()
            self._asked_at = None
            self._failures = self._failures + 1 if outages else 0
            doubtful = self._failures == 1  # a machine that is busy answers late, once
            if not (doubtful or stopping.is_set()):  # what is being closed fails, and that is no outage
                self._report(outages)
            stopping.wait(min(self._probe.seconds, DOUBT_SECONDS) if doubtful else self._probe.seconds)

    def report_silence(self) -> None:
        asked_at = self._asked_at
        if asked_at is not None and self._clock.monotonic() - asked_at > SILENCE_SECONDS:
            name = self._probe.dependency
            self._report({name: f"{name} has not answered for {SILENCE_SECONDS:.0f} s: see that it runs, and its load"})

    def _ask(self) -> dict[str, str]:
        try:
            self._probe.check()
        except Unavailable as error:
            return outage(error)
        except Exception as error:  # a probe that fails is no answer; the others go on
            return {self._probe.dependency: f"{self._probe.dependency} cannot be asked: {type(error).__name__}"}
        return {}

    def _report(self, outages: dict[str, str]) -> None:
        self._dependencies.report(f"probe of {self._probe.dependency}", outages)
