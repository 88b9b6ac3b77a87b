"""The tracker: folds progress into each request's one status, then announces what is new.

State first, announcements after: a crash in between leaves a state that says itself what is still to be announced, so
the redelivered event, which changes nothing any more, makes up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.consume import Poison
from penstock.application.requests import Requests, Stored
from penstock.domain.errors import NotFound
from penstock.domain.events import Event, Progress
from penstock.domain.request import Request, apply, impossible
from penstock.failpoints import failpoint
from penstock.ports.event_log import Message
from services.status_tracker.announcer import Announcer
from services.status_tracker.crew import Crew

Delivered = tuple[Message, Progress]


class Folded(NamedTuple):
    """One request after its steps of a batch, if there is such a request, and those that cannot be its own."""

    stored: Stored | None
    poison: list[Poison]


class Tracker:
    """`crew` folds the requests of a batch, each in the order of its own events."""

    def __init__(self, *, requests: Requests, announcer: Announcer, crew: Crew) -> None:
        self._requests, self._announcer, self._crew = requests, announcer, crew

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """As `fold`, for a consume loop."""
        self.fold(events)

    def fold(self, events: Sequence[tuple[Message, Event]]) -> list[Request]:
        """Fold a batch, one update a request; returns the requests afterwards.

        Raises `Poison` for an event of no request, after all others are done.
        """
        folded = self._crew.each(self._fold, _by_request(events))
        failpoint("tracker.state_stored")
        found = [one.stored for one in folded if one.stored is not None]
        self._announcer.announce(found)
        for one in folded:
            for poison in one.poison:
                raise poison
        return [request for request, _ in found]

    def _fold(self, delivered: Sequence[Delivered]) -> Folded:
        first = delivered[0][1]
        poison: list[Poison] = []

        def change(request: Request) -> Request:
            poison.clear()
            for message, progress in delivered:
                reason = impossible(request, progress.step)
                if reason is None:
                    request = apply(request, progress.step)
                else:
                    poison.append(Poison(message, "impossible_step", reason))
            return request

        try:
            stored = self._requests.change(self._requests.stored(first.tenant_id, first.request_id), change)
        except NotFound as error:
            return Folded(None, [Poison(message, "unknown_request", str(error)) for message, _ in delivered])
        return Folded(stored, poison)


def _by_request(events: Sequence[tuple[Message, Event]]) -> list[list[Delivered]]:
    """The batch by request, each in the order of delivery."""
    groups: dict[tuple[str, str], list[Delivered]] = {}
    for message, event in events:
        if isinstance(event, Progress):
            groups.setdefault((event.tenant_id, event.request_id), []).append((message, event))
    return list(groups.values())
