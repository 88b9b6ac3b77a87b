"""The tracker: folds progress into each request's one status, then announces what is new.

State first, announcements after: a crash in between leaves a state that says itself what is still to be announced, so
the redelivered event, which changes nothing any more, makes up for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.consume import Poison
from penstock.application.requests import Requests
from penstock.domain.errors import NotFound
from penstock.domain.events import Event, Progress
from penstock.domain.request import Request, apply, impossible
from penstock.failpoints import failpoint
from penstock.ports.event_log import Message
from services.status_tracker.announcer import Announcer

Delivered = tuple[Message, Progress]


class Tracker:
    def __init__(self, *, requests: Requests, announcer: Announcer) -> None:
        self._requests, self._announcer = requests, announcer

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        """As `fold`, for a consume loop."""
        self.fold(events)

    def fold(self, events: Sequence[tuple[Message, Event]]) -> list[Request]:
        """Fold a batch, one update a request; returns the requests afterwards.

        Raises `Poison` for an event of no request, after all others are done.
        """
        poison: list[Poison] = []
        found = [self._fold(delivered, poison) for delivered in _by_request(events)]
        folded = [request for request in found if request is not None]
        failpoint("tracker.state_stored")
        self._announcer.announce(folded)
        if poison:
            raise poison[0]
        return folded

    def _fold(self, delivered: Sequence[Delivered], poison: list[Poison]) -> Request | None:
        """The request after its steps; those that cannot be its own are added to `poison`."""
        first = delivered[0][1]
        found: list[Poison] = []

        def change(request: Request) -> Request:
            found.clear()
            for message, progress in delivered:
                reason = impossible(request, progress.step)
                if reason is None:
                    request = apply(request, progress.step)
                else:
                    found.append(Poison(message, "impossible_step", reason))
            return request

        try:
            _, after = self._requests.update(first.tenant_id, first.request_id, change)
        except NotFound as error:
            poison += [Poison(message, "unknown_request", str(error)) for message, _ in delivered]
            return None
        poison += found
        return after


def _by_request(events: Sequence[tuple[Message, Event]]) -> list[list[Delivered]]:
    """The batch by request, each in the order of delivery."""
    groups: dict[tuple[str, str], list[Delivered]] = {}
    for message, event in events:
        if isinstance(event, Progress):
            groups.setdefault((event.tenant_id, event.request_id), []).append((message, event))
    return list(groups.values())
