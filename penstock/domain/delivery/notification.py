"""E-mails about a request: which are due, what they say, and how often one may be sent.

A message never carries a customer's value. Each (request, status, address) has one message with one Message-ID and one
Date, so that a copy that has to be sent a second time is the same message to whoever receives both.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

import msgspec
from email_validator import EmailNotValidError, validate_email
from msgspec.structs import replace

from penstock.domain.errors import Fault, Refused
from penstock.domain.limits import MAX_EMAIL
from penstock.domain.requests.request import Request, Status, unannounced

MAX_ADDRESSES = 20
MAX_NAME = 120  # characters of a file name in a message
LEASE_US = 120_000_000  # an attempt without an end is taken for lost after this; longer than any mail server's timeout
MAX_BACKOFF_US = 300_000_000
MAX_DOUBTS = 2  # the first attempt and one more
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Delivery(StrEnum):
    DUE = "due"
    SENDING = "sending"  # an attempt has begun; its end is not known
    SENT = "sent"
    FAILED = "failed"  # the mail server will never take it
    UNKNOWN = "unknown"  # two attempts may have succeeded; no third is made

    @property
    def ended(self) -> bool:
        return self in (Delivery.SENT, Delivery.FAILED, Delivery.UNKNOWN)


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail and how far its delivery has come."""

    request_id: str
    status: Status  # that the request has reached
    address: str
    at_us: int  # when it reached it
    delivery: Delivery = Delivery.DUE
    attempts: int = 0
    doubts: int = 0  # attempts that may have succeeded
    not_before_us: int = 0
    reason: str | None = None  # a code

    @property
    def sort(self) -> str:
        """Its place among its request's notifications, which follow the order of the statuses."""
        return f"{list(Status).index(self.status)} {self.status} {self.address}"


def check_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """`addresses` in their usual form, each once. Raises `Refused` with every fault; no name server is asked."""
    if len(addresses) > MAX_ADDRESSES:
        fault = Fault(
            code="too_many_addresses",
            message=f"{len(addresses)} addresses to notify",
            hint=f"List up to {MAX_ADDRESSES} addresses; a distribution list counts as one.",
        )
        raise Refused([fault])
    usual: dict[str, None] = {}
    faults: list[Fault] = []
    for position, address in enumerate(addresses, 1):
        checked = _checked(address)
        if checked is None:
            faults.append(_invalid_address(position))
        else:
            usual[checked] = None
    if faults:
        raise Refused(faults)
    return tuple(usual)


def _checked(address: str) -> str | None:
    """`address` in its usual form, None when it is none; one that is too long is not even looked at."""
    if len(address) > MAX_EMAIL:
        return None
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return checked.ascii_email or checked.normalized


def notifications(request: Request) -> list[Notification]:
    """The e-mails about all that is not announced yet, in order; derived from the state, so that none gets lost."""
    return [
        Notification(request_id=request.request_id, status=status, address=address, at_us=at_us)
        for status, at_us in unannounced(request)
        for address in request.notify
    ]


def is_due(notification: Notification, now_us: int) -> bool:
    """Whether an attempt may begin. A wait that is longer than any that is ever set comes from a clock that jumped."""
    wait_us = notification.not_before_us - now_us
    return not notification.delivery.ended and (wait_us <= 0 or wait_us > max(LEASE_US, MAX_BACKOFF_US))


def begin(notification: Notification, now_us: int) -> Notification:
    """The notification as it is to be stored before an attempt; `UNKNOWN` when there must not be another one.

    One that is `SENDING` already was left behind by a process that died: its message may have been sent.
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


def sent(notification: Notification) -> Notification:
    return replace(notification, delivery=Delivery.SENT, reason=None)


def refused(notification: Notification, reason: str) -> Notification:
    return replace(notification, delivery=Delivery.FAILED, reason=reason)


def postponed(notification: Notification, now_us: int) -> Notification:
    """After an attempt that surely failed: again later, for ever, 2 seconds to 5 minutes apart."""
    wait_us = min(2 ** min(notification.attempts, 30) * 1_000_000, MAX_BACKOFF_US)
    return replace(notification, delivery=Delivery.DUE, not_before_us=now_us + wait_us, reason="unavailable")


def doubt(notification: Notification) -> Notification:
    """After an attempt that may have succeeded: one more, then no other."""
    doubts = notification.doubts + 1
    delivery = Delivery.DUE if doubts < MAX_DOUBTS else Delivery.UNKNOWN
    return replace(notification, delivery=delivery, doubts=doubts, not_before_us=0, reason="in_doubt")


def message_id(notification: Notification, domain: str) -> str:
    """The same for every copy of one notification (RFC 5322 §3.6.4); `domain` is the sender's."""
    parts = (notification.request_id, notification.status, notification.address)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"penstock-mail")
    return f"<{digest.hexdigest()}@{domain}>"


def render(notification: Notification, request: Request, sender: str) -> EmailMessage:
    """The message, in plain text. Names that people chose are stripped of whatever could break a header or a line."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Penstock", addr_spec=sender)
    message["To"] = Address(addr_spec=notification.address)
    message["Subject"] = f"{_TITLES[notification.status]}: {printable(request.file_name)}"
    message["Date"] = format_datetime(_EPOCH + timedelta(seconds=notification.at_us // 1_000_000))
    message["Message-ID"] = message_id(notification, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
    message.set_content("\n".join(_lines(notification.status, request)) + "\n")
    return message


def printable(name: str) -> str:
    """`name` on one line, without control, formatting or unassigned characters, and cut to a bearable length."""
    safe = "".join("�" if unicodedata.category(character)[0] == "C" else character for character in name)
    safe = " ".join(safe.split())
    return safe if len(safe) <= MAX_NAME else safe[: MAX_NAME - 1] + "…"


_TITLES = {
    Status.SCHEDULED: "Upload accepted",
    Status.IN_PROGRESS: "Upload in progress",
    Status.COMPLETED: "Upload completed",
    Status.FAILED: "Upload failed",
    Status.CANCELLED: "Upload cancelled",
    Status.REVERTED: "Upload undone",
}


def _lines(status: Status, request: Request) -> list[str]:
    lines = [
        f"{_TITLES[status]}.",
        "",
        f"Request:     {request.request_id}",
        f"File:        {printable(request.file_name)}",
        f"Data source: {printable(request.data_source)}",
    ]
    if status in (Status.COMPLETED, Status.FAILED):
        lines += _outcome(request)
    if status is Status.CANCELLED:
        lines += ["", "No row of this file counts."]
    if status is Status.REVERTED:
        lines += ["", "The rows of this file do not count any more."]
    return lines


def _outcome(request: Request) -> list[str]:
    lines = [
        "",
        f"Rows read:     {request.rows_read}",
        f"Rows ingested: {request.rows_ingested}",
        f"Rows rejected: {request.rows_rejected}",
    ]
    lines += [f"  {printable(reason)}: {rows}" for reason, rows in sorted(request.reject_reasons.items())]
    if request.error is not None:
        lines += ["", printable(request.error.title) + "."]
        lines += [f"  {printable(fault.hint)}" for fault in request.error.faults]
    if request.rows_rejected:
        lines += ["", f"To get the rejected rows with their reasons: penstock rejects {request.request_id}"]
    return lines


def _invalid_address(position: int) -> Fault:
    return Fault(
        code="invalid_address",
        message=f"address {position} to notify is not an e-mail address",
        hint="Write one plain address, such as name@example.com, without a display name.",
        position=position,
    )
