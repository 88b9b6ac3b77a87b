"""The tracker: folds progress into each request's one status, then announces it.

State first, announcements after: a crash in between leaves a state that says itself what is still to be announced, so
the redelivered event, which changes nothing any more, makes up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from penstock.application.consuming.consume_loop import PoisonMessage
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.delivery.announcer import Announcer
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.events import Event, Progress
from penstock.domain.requests.hold import schedule_expiry
from penstock.domain.requests.ids import partition_of
from penstock.domain.requests.request import Request
from penstock.domain.requests.status import apply, violation
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import Message


class RequestSteps:
    """One request's steps of a batch, in the order of delivery; `rejected` are those that it cannot have."""

    def __init__(self) -> None:
        self._delivered: list[tuple[Message, Progress]] = []
        self.rejected: list[PoisonMessage] = []

    def add(self, message: Message, progress: Progress) -> None:
        self._delivered.append((message, progress))

    def fold(self, now_us: int, request: Request) -> Request:
        """The request after all steps; called again when another changed it meanwhile."""
        self.rejected = []
        for message, progress in self._delivered:
            reason = violation(request, progress.step)
            if reason is None:
                request = apply(request, progress.step)
            else:
                self.rejected.append(PoisonMessage(message, "impossible_step", reason))
        return schedule_expiry(request, now_us)

    def reject_all(self, request_id: str) -> None:
        """There is no such request."""
        reason = f"there is no request {request_id}"
        self.rejected = [PoisonMessage(message, "unknown_request", reason) for message, _ in self._delivered]


class PartitionSteps(NamedTuple):
    """The steps of a batch that concern requests of one partition of the control store, by request."""

    tenant_id: str
    by_request: dict[str, RequestSteps]


class Tracker:
    """`pool` folds the partitions' steps of a batch."""

    def __init__(self, *, requests: Requests, announcer: Announcer, pool: WorkerPool, clock: Clock) -> None:
        self._requests, self._announcer, self._pool, self._clock = requests, announcer, pool, clock

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """Fold a batch, one update a request, and announce the new statuses.

        Raises `PoisonMessage` for an event of no request, after all others are done.
        """
        partitions = _by_partition(events)
        folded = [stored for each in self._pool.each(self._fold, partitions) for stored in each]
        failpoint("tracker.state_stored")
        self._announcer.announce(folded)
        for partition in partitions:
            for steps in partition.by_request.values():
                for poison in steps.rejected:
                    raise poison

    def _fold(self, partition: PartitionSteps) -> Sequence[Stored]:
        tenant_id, steps = partition
        seen = {stored.request.request_id: stored for stored in self._requests.stored_each(tenant_id, list(steps))}
        for request_id in steps.keys() - seen.keys():
            steps[request_id].reject_all(request_id)
        now_us = self._clock.now_us()
        return self._requests.change_each(
            [(seen[each], partial(steps[each].fold, now_us)) for each in steps if each in seen]
        )


def _by_partition(events: Sequence[tuple[Message, Event]]) -> list[PartitionSteps]:
    partitions: dict[tuple[str, str], PartitionSteps] = {}
    for message, event in events:
        if isinstance(event, Progress):
            place = event.tenant_id, partition_of(event.request_id)
            partition = partitions.setdefault(place, PartitionSteps(event.tenant_id, {}))
            partition.by_request.setdefault(event.request_id, RequestSteps()).add(message, event)
    return list(partitions.values())
