"""What a service runs, each part in a thread, until it is told to stop; and how they are, for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol, runtime_checkable

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.processing import PARTITION_STOPPED, ConsumerCounts
from penstock.application.health.dependencies import Dependencies

WAKE_SECONDS = 0.5  # Python hears a signal that the kernel gave to another thread when the main one wakes up
QUIET_SECONDS = 30.0  # without a sign of life from the event log, after which a service is not ready


class Part(Protocol):
    """What runs in a thread of its own until it is told to stop."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


@runtime_checkable
class Consumer(Part, Protocol):
    """A part that handles events as a member of `group`."""

    group: str

    @property
    def healthy(self) -> bool: ...

    @property
    def counts(self) -> ConsumerCounts: ...


class PartRunner:
    """May be asked from any thread, and before `run` too: until then the service waits for its servers.

    `monotonic` is the clock by which the parts note when they last polled.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.dependencies = Dependencies()
        self._parts: Sequence[Part] = ()
        self._running: list[Future[None]] = []
        self._told = False

    def run(self, parts: Sequence[Part]) -> None:
        """Run all parts until `stop`; when one fails, the others stop and its error is raised."""
        self._parts = parts
        if self._told:
            self._stop_all()
        with ThreadPoolExecutor(len(parts)) as pool:
            self._running = [pool.submit(part.run) for part in parts]
            running = set(self._running)
            while running:
                ended, running = wait(running, WAKE_SECONDS, FIRST_COMPLETED)
                if ended:
                    self._stop_all()
                for part in ended:
                    part.result()

    def stop(self) -> None:
        """End `run` once every part has finished what it has begun; for another thread, or a signal handler."""
        self._told = True
        self._stop_all()

    def ended_parts(self) -> list[str]:
        """What only a new process can fix: a part that has ended though nobody told it to."""
        if self._told or not any(future.done() for future in self._running):
            return []
        return ["a part of the service has ended by itself; see the log"]

    def problems(self) -> list[str]:
        """Why the service cannot do its work now, in sentences; nothing when it can."""
        if self._told:
            return ["the service is stopping"]
        if not self._parts:
            return ["the service waits for its servers", *self.dependencies.problems()]
        stopped = [PARTITION_STOPPED for part in self.consumers() if not part.healthy]
        return [*self.ended_parts(), *stopped, *(self.dependencies.problems() or self._stale_consumers())]

    def consumers(self) -> list[Consumer]:
        """Those of the parts that handle events."""
        return [part for part in self._parts if isinstance(part, Consumer)]

    def _stale_consumers(self) -> list[str]:
        now = self._monotonic()
        quiet = [now - part.last_poll for part in self._parts if isinstance(part, ConsumeLoop)]
        return [f"the event log has not answered for {seconds:.0f} s" for seconds in quiet if seconds > QUIET_SECONDS]

    def _stop_all(self) -> None:
        for part in self._parts:
            part.stop()
