"""The embedded system one step at a time, on a clock that only steps move: nothing waits, each run is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from penstock.application.encryption.sealed_objects import SealedObjects
from penstock.config import Settings
from penstock.domain.event_codec import decode
from penstock.domain.events import DEAD_LETTER, DeadLetter
from penstock.domain.requests.request import Request
from penstock.ports.object_store import ObjectStore
from penstock.wiring import System, embedded
from penstock.wiring.uploads import intake_of
from services.row_processor.main import dispatching, worker_loops
from services.status_tracker.main import notifiers, tracker_loop
from tests.support import messy_file
from tests.support.manual_clock import FUTURE_US, ManualClock

MOST_STEPS = 1_000
MOST_LETTERS = 10_000
STEP_SECONDS = 0.5


class DrivenSystem:
    """`wrap` may put something in front of the object store."""

    def __init__(self, data: Path, *, wrap: Callable[[ObjectStore], ObjectStore] = lambda store: store) -> None:
        self.data, self.clock = data, ManualClock(FUTURE_US)
        system = embedded(Settings(data=data, chunk_bytes=messy_file.CHUNK_BYTES), clock=self.clock)
        objects = wrap(system.objects)
        self.system: System = system._replace(objects=objects, files=SealedObjects(objects, system.keys, system.random))
        self.dispatching = dispatching(self.system)
        self.worker, self.express_worker = worker_loops(self.system)
        self.tracker, self.notifiers = tracker_loop(self.system), notifiers(self.system)
        self.command, self.intake = messy_file.command(self.system), intake_of(self.system)

    def upload(self, body: bytes = messy_file.BODY) -> Request:
        return self.intake.upload(messy_file.TENANT, [body], self.command)

    def step(self) -> bool:
        """One batch for each service; True when any of it is done."""
        done = [self.dispatching.loop.run_once(0)]
        self.dispatching.dispatcher.dispatch()
        done += [loop.run_once(0) for loop in (self.worker, self.express_worker, self.tracker)]
        for notifier in self.notifiers.values():
            notifier.deliver_due()
        self.clock.advance(STEP_SECONDS)
        return any(done)

    def drain(self) -> None:
        """Have every service handle all that it can."""
        while self.step():
            pass

    def finish(self, *requests: Request) -> list[Request]:
        """The requests as they are when all have ended."""
        for _ in range(MOST_STEPS):
            self.step()
            now = [self.system.requests.get(each.tenant_id, each.request_id) for each in requests]
            if all(each.status.ended for each in now):
                return now
        raise AssertionError(f"not ended: {[each.status for each in now]}")

    def send(self, topic: str, *values: bytes, partition: int = 0) -> None:
        """Put these bytes into a topic, whatever they are."""
        producer = self.system.log.producer()
        for value in values:
            producer.send(topic, b"key", value, partition=partition)
        producer.flush()

    def dead_letters(self) -> list[DeadLetter]:
        letters = [decode(DEAD_LETTER, each.value) for each in self.system.log.read(DEAD_LETTER, 0, 0, MOST_LETTERS)]
        assert all(isinstance(letter, DeadLetter) for letter in letters)
        return letters  # type: ignore[return-value]

    def close(self) -> None:
        for loop in (self.dispatching.loop, self.worker, self.express_worker, self.tracker):
            loop.close()
        self.system.close()
