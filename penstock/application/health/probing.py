"""Probes the dependencies of a service regularly, also when the service has no work.

A probe without an answer counts as an outage. Each probe has its own thread, so that one that hangs delays no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from penstock.application.health.dependencies import Dependencies, outage
from penstock.domain.errors import Unavailable
from penstock.ports.clock import Clock

PROBE_INTERVAL_SECONDS = 3.0  # between two probes of one dependency
PROBE_TIMEOUT_SECONDS = 2.0  # for the request that a probe sends
ANSWER_TIMEOUT_SECONDS = 15.0  # without an answer before a dependency counts as unavailable
RETRY_SECONDS = 1.0  # until a probe that failed once is repeated
CHECK_SECONDS = 0.5  # between two checks for probes without an answer
JOIN_SECONDS = 3.0  # for a probe to end when its service stops


class Probe(NamedTuple):
    """`check` returns when `dependency` answers, and raises `Unavailable` when it does not."""

    dependency: str
    check: Callable[[], object]
    seconds: float = PROBE_INTERVAL_SECONDS


class Prober:
    """Runs the probes; a part of a service, like a consume loop."""

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
        while not self._stopping.wait(CHECK_SECONDS):
            for run in self._runs:
                run.report_missing_answer()
        for thread in threads:
            thread.join(JOIN_SECONDS)

    def stop(self) -> None:
        self._stopping.set()

    def problems(self) -> list[str]:
        """Always empty: outages are reported to the dependencies."""
        return []


class _Run:
    """One probe, repeated until the service stops."""

    def __init__(self, probe: Probe, dependencies: Dependencies, clock: Clock) -> None:
        self._probe, self._dependencies, self._clock = probe, dependencies, clock
        self._started_at: float | None = None
        self._failures = 0  # consecutive

    def repeat(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._started_at = self._clock.monotonic()
            outages = self._check()
            self._started_at = None
            self._failures = self._failures + 1 if outages else 0
            is_first_failure = self._failures == 1  # a busy machine may answer late once
            if not (is_first_failure or stopping.is_set()):  # failures while the service stops are not outages
                self._report(outages)
            stopping.wait(min(self._probe.seconds, RETRY_SECONDS) if is_first_failure else self._probe.seconds)

    def report_missing_answer(self) -> None:
        started_at = self._started_at
        if started_at is not None and self._clock.monotonic() - started_at > ANSWER_TIMEOUT_SECONDS:
            name = self._probe.dependency
            self._report(
                {name: f"{name} has not answered for {ANSWER_TIMEOUT_SECONDS:.0f} s: check that it runs, and its load"}
            )

    def _check(self) -> dict[str, str]:
        try:
            self._probe.check()
        except Unavailable as error:
            return outage(error)
        except Exception as error:  # a failing probe must not stop the others
            return {self._probe.dependency: f"{self._probe.dependency} cannot be probed: {type(error).__name__}"}
        return {}

    def _report(self, outages: dict[str, str]) -> None:
        self._dependencies.report(f"probe of {self._probe.dependency}", outages)
