"""A channel: delivers notifications about requests to people or other systems, for example by e-mail.

Promises:

- `name` is stored in each request (the channel's cursor) and in each notification. It is unique, has no space, and
  never changes.
- `deliver` makes one attempt and returns long before `LEASE_US` has passed; then another attempt may begin.
- Each attempt at a notification sends the same content, so that the receiver can recognise a copy.
- No attempt affects other channels.

The outcome of an attempt, and the notification's next state:

- It returns `SENT`, or `SAVED` when nothing is set that could send it, and it was only written down.
- `Unavailable`: certainly not delivered. `DUE` again later, without limit. With a `dependency`, the whole channel is
  unavailable, and this pass ends; without one, only this notification waits.
- `InDoubt`: it may have been delivered. One more attempt; after a second doubt `UNKNOWN`, and no third attempt.
- `Refused`: this target or notification will never be accepted. `FAILED`, with the error's code.
- Any other error is a bug and ends the notifier; the attempt counts as in doubt after its lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.domain.delivery.notification import Delivery, Notification
from penstock.domain.requests.request import Request, Status


class Channel(Protocol):
    name: str

    def targets(self, request: Request, status: Status) -> Sequence[str]:
        """The targets to notify that `request` reached `status`, without duplicates; the same whenever it is asked."""
        ...

    def deliver(self, notification: Notification, request: Request) -> Delivery:
        """Make one attempt to deliver a notification of this channel, which is about `request`."""
        ...
