"""A channel: delivers notifications about requests to people or systems outside, e-mail for example.

Promises:

- `name` is stored, in each request as the channel's cursor and in each notification: no other channel has it, it has no
  space, and it never changes.
- `deliver` makes one attempt and returns long before `LEASE_US` is over: after that, another attempt may begin.
- Each attempt at a notification sends the same thing, by which the receiver can know a copy.
- No attempt changes what another channel does.

What an attempt comes to, and what the notification is then:

- it returns: delivered; `SENT`.
- `Unavailable`: surely not delivered. `DUE` again, later, as often as it takes. With a `dependency` the channel as a
  whole is away, and nothing else is tried in this pass; without one only this notification has to wait.
- `InDoubt`: it may have been delivered. One more attempt; after a second doubt `UNKNOWN`, and never a third.
- `Refused`: this target or this notification will never be accepted. `FAILED`, with the error's code.
- Anything else is a bug and ends the notifier; the attempt counts as in doubt when its lease is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.domain.delivery.notification import Notification
from penstock.domain.requests.request import Request


class Channel(Protocol):
    name: str

    def targets(self, request: Request) -> Sequence[str]:
        """Who is notified of each status of `request`, each once."""
        ...

    def deliver(self, notification: Notification, request: Request) -> None:
        """One attempt at a notification of this channel; `request` is the one that it is about."""
        ...
