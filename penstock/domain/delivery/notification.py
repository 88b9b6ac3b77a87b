"""Notifications: one per channel, request, status and target, and the rules for attempts to deliver it.

The rules are the same for every channel; `penstock/ports/channel.py` says what each outcome of an attempt means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from penstock.domain.delivery.announcement import unannounced
from penstock.domain.requests.request import Request, Status

LEASE_US = 120_000_000  # an attempt without an outcome counts as lost after this
MAX_BACKOFF_US = 300_000_000
MAX_DOUBTS = 2  # the first attempt and one retry


class Delivery(StrEnum):
    DUE = "due"
    SENDING = "sending"  # an attempt has begun; its outcome is not known
    SENT = "sent"
    SAVED = "saved"  # written to a folder, because nothing is set that could send it
    FAILED = "failed"  # the channel will never accept it
    UNKNOWN = "unknown"  # two attempts may have succeeded; there is no third

    @property
    def ended(self) -> bool:
        return self not in (Delivery.DUE, Delivery.SENDING)


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One status of a request for one target of a channel, and the state of its delivery."""

    channel: str
    target: str  # an e-mail address, for example
    request_id: str
    status: Status  # the status to announce
    at_us: int  # when the request reached it
    delivery: Delivery = Delivery.DUE
    attempts: int = 0
    doubts: int = 0  # attempts whose outcome is unknown
    not_before_us: int = 0
    reason: str | None = None  # a code: why the last attempt failed

    @property
    def sort(self) -> str:
        """Sorts a request's notifications by channel, then by status; unique.

        A channel's name and a status have no space, and the target comes last.
        """
        return f"{self.channel} {list(Status).index(self.status)} {self.status} {self.target}"


def notifications(
    request: Request, channel: str, targets: Callable[[Request, Status], Sequence[str]]
) -> list[Notification]:
    """One per status that `channel` has not announced and target of that status, in order; derived from the state, so
    none is lost."""
    return [
        Notification(channel=channel, target=target, request_id=request.request_id, status=status, at_us=at_us)
        for status, at_us in unannounced(request, channel)
        for target in targets(request, status)
    ]


def is_due(notification: Notification, now_us: int) -> bool:
    """Whether an attempt may begin. A wait longer than any that is ever set means that the clock jumped."""
    wait_us = notification.not_before_us - now_us
    return not notification.delivery.ended and (wait_us <= 0 or wait_us > max(LEASE_US, MAX_BACKOFF_US))


def begin(notification: Notification, now_us: int) -> Notification:
    """The notification to store before an attempt; `UNKNOWN` when there must be no other attempt.

    One that is already `SENDING` was left by a process that died, and may have been delivered.
    """
    if notification.delivery is Delivery.SENDING:
        notification = doubt(notification)
    if notification.delivery.ended:
        return notification
    return replace(
        notification,
        delivery=Delivery.SENDING,
        attempts=notification.attempts + 1,
        not_before_us=now_us + LEASE_US,
    )


def delivered(notification: Notification, delivery: Delivery) -> Notification:
    """After an attempt that certainly succeeded: `SENT` or `SAVED`."""
    return replace(notification, delivery=delivery, reason=None)


def refused(notification: Notification, reason: str) -> Notification:
    return replace(notification, delivery=Delivery.FAILED, reason=reason)


def postponed(notification: Notification, now_us: int) -> Notification:
    """After an attempt that certainly failed: retry later, without limit, 2 seconds to 5 minutes apart."""
    wait_us = min(2 ** min(notification.attempts, 30) * 1_000_000, MAX_BACKOFF_US)
    return replace(notification, delivery=Delivery.DUE, not_before_us=now_us + wait_us, reason="unavailable")


def doubt(notification: Notification) -> Notification:
    """After an attempt whose outcome is unknown: one more, then no other."""
    doubts = notification.doubts + 1
    delivery = Delivery.DUE if doubts < MAX_DOUBTS else Delivery.UNKNOWN
    return replace(notification, delivery=delivery, doubts=doubts, not_before_us=0, reason="in_doubt")
