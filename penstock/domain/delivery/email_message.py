"""The e-mail about a request's status.

It never carries a customer's value. Each notification has one message with one Message-ID and one Date, so that a mail
program that receives a second copy can see that it is the same message.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from penstock.domain.delivery.notification import Notification
from penstock.domain.requests.request import Request, Status

MAX_NAME = 120  # characters of a file name in a message
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {
    Status.SCHEDULED: "Upload accepted",
    Status.IN_PROGRESS: "Upload in progress",
    Status.COMPLETED: "Upload completed",
    Status.FAILED: "Upload failed",
    Status.CANCELLED: "Upload cancelled",
    Status.REVERTED: "Upload undone",
}


def message_id(notification: Notification, domain: str) -> str:
    """The same for every copy of one notification (RFC 5322 §3.6.4); `domain` is the sender's."""
    parts = (notification.request_id, notification.status, notification.target)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"penstock-mail")
    return f"<{digest.hexdigest()}@{domain}>"


def render(notification: Notification, request: Request, sender: str) -> EmailMessage:
    """The message, in plain text. Names that people chose are stripped of whatever could break a header or a line."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Penstock", addr_spec=sender)
    message["To"] = Address(addr_spec=notification.target)
    message["Subject"] = f"{_TITLES[notification.status]}: {printable(request.file_name)}"
    message["Date"] = format_datetime(_EPOCH + timedelta(seconds=notification.at_us // 1_000_000))
    message["Message-ID"] = message_id(notification, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
    message.set_content("\n".join(_lines(notification.status, request)) + "\n")
    return message


def printable(name: str) -> str:
    """`name` on one line, without control, formatting or unassigned characters, and cut to `MAX_NAME`."""
    safe = "".join("�" if unicodedata.category(character)[0] == "C" else character for character in name)
    safe = " ".join(safe.split())
    return safe if len(safe) <= MAX_NAME else safe[: MAX_NAME - 1] + "…"


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
