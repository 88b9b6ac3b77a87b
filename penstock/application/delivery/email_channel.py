"""The channel for e-mail: one message for each recipient of the request who gets one about the status."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.delivery.addressees import addressees
from penstock.domain.delivery.email_message import EmailStyle, render
from penstock.domain.delivery.notification import Delivery, Notification
from penstock.domain.requests.request import Request, Status
from penstock.ports.channel import Channel
from penstock.ports.mailer import Mailer


class EmailChannel(Channel):
    name = "email"

    def __init__(self, mailer: Mailer, style: EmailStyle) -> None:
        self._mailer, self._style = mailer, style

    def targets(self, request: Request, status: Status) -> Sequence[str]:
        return addressees(request, status)

    def deliver(self, notification: Notification, request: Request) -> Delivery:
        self._mailer.send(render(notification, request, self._style))
        return Delivery.SENT if self._mailer.sends else Delivery.SAVED
