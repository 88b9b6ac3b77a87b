"""The e-mail about a request's status.

It never contains a customer's value. All copies of a notification have the same Message-ID and Date, so a mail program
can recognise a duplicate.
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
from penstock.domain.requests.hold import why_held
from penstock.domain.requests.public_view import rfc3339
from penstock.domain.requests.request import Hold, Request, Status

MAX_NAME = 120  # characters of a name in a message
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {
    Status.SCHEDULED: "Upload accepted",
    Status.IN_PROGRESS: "Upload in progress",
    Status.HELD: "Upload held",
    Status.COMPLETED: "Upload completed",
    Status.FAILED: "Upload failed",
    Status.CANCELLED: "Upload cancelled",
    Status.REVERTED: "Upload undone",
}


def message_id(notification: Notification, domain: str) -> str:
    """The same for every copy of a notification (RFC 5322 §3.6.4); `domain` is the sender's."""
    parts = (notification.request_id, notification.status, notification.target)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"penstock-mail")
    return f"<{digest.hexdigest()}@{domain}>"


def render(notification: Notification, request: Request, sender: str) -> EmailMessage:
    """The message, in plain text. User-supplied names cannot break a header or a line."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Penstock", addr_spec=sender)
    message["To"] = Address(addr_spec=notification.target)
    message["Subject"] = f"{_TITLES[notification.status]}: {printable(request.file_name)}"
    message["Date"] = format_datetime(_EPOCH + timedelta(seconds=notification.at_us // 1_000_000))
    message["Message-ID"] = message_id(notification, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: suppresses out-of-office replies
    message.set_content("\n".join(_lines(notification.status, request)) + "\n")
    return message


def printable(name: str) -> str:
    """`name` on one line, without control, format or unassigned characters, truncated to `MAX_NAME`."""
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
    if status in (Status.HELD, Status.COMPLETED, Status.FAILED):
        lines += _outcome(status, request)
    if status is Status.HELD and request.hold is not None:
        lines += _decision(request, request.hold)
    if status is Status.CANCELLED:
        lines += ["", "None of this file's rows are used.", *_error(request)]
    if status is Status.REVERTED:
        lines += ["", "The rows of this file are no longer used."]
    return lines


def _outcome(status: Status, request: Request) -> list[str]:
    lines = [
        "",
        f"Rows read:     {request.rows_read}",
        f"Rows ingested: {request.rows_accepted if status is Status.COMPLETED else 0}",
        f"Rows rejected: {request.rows_rejected}",
    ]
    lines += [f"  {printable(reason)}: {rows}" for reason, rows in sorted(request.reject_reasons.items())]
    if request.dropped_cells:
        cells = sum(sum(reasons.values()) for reasons in request.dropped_cells.values())
        lines.append(f"Cells dropped: {cells}")
    if status is Status.FAILED:
        lines += _error(request)
    if request.rows_rejected:
        lines += ["", f"To get the rejected rows with their reasons: penstock rejects {request.request_id}"]
    return lines


def _decision(request: Request, hold: Hold) -> list[str]:
    return [
        "",
        f"{why_held(request)} None of the rows are used yet.",
        f"To ingest the other {request.rows_accepted} rows: penstock approve {request.request_id}",
        f"To drop the request: penstock cancel {request.request_id}",
        *([] if hold.until_us is None else [f"Without a decision, it is cancelled at {rfc3339(hold.until_us)}."]),
    ]


def _error(request: Request) -> list[str]:
    if request.error is None:
        return []
    return ["", printable(request.error.title) + ".", *(f"  {printable(fault.hint)}" for fault in request.error.faults)]
