"""The e-mail about a request's status: its headers, and its two forms of one content.

It never contains a customer's value. All copies of a notification are the same bytes, so a mail program can recognise
a duplicate, and all e-mails to an address about a request are one thread.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from penstock.domain.delivery.addressees import first_status
from penstock.domain.delivery.email_content import email_content
from penstock.domain.delivery.email_html import email_html
from penstock.domain.delivery.email_text import email_text
from penstock.domain.delivery.notification import Notification
from penstock.domain.requests.request import Request, Status

REQUEST_ID = "{request_id}"  # its place in `request_url`
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EmailStyle(NamedTuple):
    """`sender` is the From address; `request_url` leads to the page of a request, "" when there is none;
    `retention_days` is how long rejects are kept."""

    sender: str
    request_url: str = ""
    retention_days: int = 7

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


def message_id(request_id: str, status: Status, target: str, domain: str) -> str:
    """The same for every copy of a notification (RFC 5322 §3.6.4); `domain` is the sender's."""
    return f"<{_digest('message', request_id, status, target)}@{domain}>"


def render(notification: Notification, request: Request, style: EmailStyle) -> EmailMessage:
    """The message, as plain text and HTML. User-supplied names cannot break a header, a line or an element."""
    status, target = notification.status, notification.target
    link = style.request_url.replace(REQUEST_ID, request.request_id)
    content = email_content(request, status, notification.at_us, link, style.retention_days)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Penstock", addr_spec=style.sender)
    message["To"] = Address(addr_spec=target)
    message["Subject"] = content.subject
    message["Date"] = format_datetime(_EPOCH + timedelta(seconds=notification.at_us // 1_000_000))
    message["Message-ID"] = message_id(request.request_id, status, target, style.domain)
    _thread(message, notification, request, style)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: suppresses out-of-office replies
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    message.set_content(email_text(content))
    message.add_alternative(email_html(content), subtype="html")
    message.set_boundary(_digest("boundary", request.request_id, status, target))  # otherwise it is random
    return message


def _thread(message: EmailMessage, notification: Notification, request: Request, style: EmailStyle) -> None:
    """Make the message an answer to the first one to this address, which depends on the recipient's level."""
    first = first_status(request, notification.target)
    if first is None or first is notification.status:
        return
    parent = message_id(request.request_id, first, notification.target, style.domain)
    message["In-Reply-To"] = parent
    message["References"] = parent


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"penstock-mail").hexdigest()
