"""The tracker: folds progress into each request's one status, then announces what is new.

State first, announcements after: a crash in between leaves a state that says itself what is still to be announced, so
the redelivered event, which changes nothing any more, makes up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.consuming.consume_loop import PoisonMessage
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.events import Event, Progress
from penstock.domain.requests.request import Request, apply, impossible
from penstock.failpoints import failpoint
from penstock.ports.event_log import Message
from services.status_tracker.announcer import Announcer


class Steps:
    """One request's part of a batch, in the order of delivery, and what of it cannot be that request's own."""

    def __init__(self) -> None:
        self._delivered: list[tuple[Message, Progress]] = []
        self.poison: list[PoisonMessage] = []

    def add(self, message: Message, progress: Progress) -> None:
        self._delivered.append((message, progress))

    def fold(self, request: Request) -> Request:
        """The request after all steps; called again when another changed it meanwhile."""
        self.poison = []
        for message, progress in self._delivered:
            reason = impossible(request, progress.step)
            if reason is None:
                request = apply(request, progress.step)
            else:
                self.poison.append(PoisonMessage(message, "impossible_step", reason))
        return request

    def disown(self, request_id: str) -> None:
        """There is no such request."""
        reason = f"there is no request {request_id}"
        self.poison = [PoisonMessage(message, "unknown_request", reason) for message, _ in self._delivered]


class Tenant(NamedTuple):
    """A tenant's part of a batch, by request."""

    tenant_id: str
    steps: dict[str, Steps]


class Tracker:
    """`crew` folds the tenants' parts of a batch."""

    def __init__(self, *, requests: Requests, announcer: Announcer, pool: WorkerPool) -> None:
        self._requests, self._announcer, self._pool = requests, announcer, pool

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """Fold a batch, one update a request, and announce what is new.

        Raises `PoisonMessage` for an event of no request, after all others are done.
        """
        tenants = _by_tenant(events)
        folded = [stored for each in self._pool.each(self._fold, tenants) for stored in each]
        failpoint("tracker.state_stored")
        self._announcer.announce(folded)
        for tenant in tenants:
            for steps in tenant.steps.values():
                for poison in steps.poison:
                    raise poison

    def _fold(self, tenant: Tenant) -> Sequence[Stored]:
        tenant_id, steps = tenant
        seen = {stored.request.request_id: stored for stored in self._requests.stored_each(tenant_id, list(steps))}
        for request_id in steps.keys() - seen.keys():
            steps[request_id].disown(request_id)
        return self._requests.change_each([(seen[each], steps[each].fold) for each in steps if each in seen])


def _by_tenant(events: Sequence[tuple[Message, Event]]) -> list[Tenant]:
    tenants: dict[str, Tenant] = {}
    for message, event in events:
        if isinstance(event, Progress):
            tenant = tenants.setdefault(event.tenant_id, Tenant(event.tenant_id, {}))
            tenant.steps.setdefault(event.request_id, Steps()).add(message, event)
    return list(tenants.values())
