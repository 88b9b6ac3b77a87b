"""Reports the delivery of the e-mails about a request: for each recipient, the state of each e-mail and any problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from penstock.application.delivery.email_channel import EmailChannel
from penstock.application.delivery.outbox import Outbox
from penstock.domain.delivery.addressees import gets
from penstock.domain.delivery.notification import Delivery, Notification
from penstock.domain.errors import Fault
from penstock.domain.requests.recipients import Recipient
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history


class MailState(StrEnum):
    SENT = "sent"  # the mail server has accepted it
    WAITING = "waiting"  # it is going to be sent
    FAILED = "failed"  # the mail server refuses it for good
    UNKNOWN = "unknown"  # it may have arrived; it is not sent again
    NOT_CONFIGURED = "not_configured"  # no mail server is set, so it is not sent


class Mail(NamedTuple):
    """The e-mail about a status."""

    status: Status
    state: MailState


class RecipientReport(NamedTuple):
    """`mails` are those that the recipient gets for the statuses so far; `problem` is why some do not arrive."""

    recipient: Recipient
    mails: Sequence[Mail]
    problem: Fault | None


class MailReports:
    """Makes reports. `sends`: a mail server is configured; `outage` returns its current problem, or None."""

    def __init__(self, outbox: Outbox, *, sends: bool, outage: Callable[[], str | None]) -> None:
        self._outbox, self._sends, self._outage = outbox, sends, outage

    def of(self, request: Request) -> list[RecipientReport]:
        """The report for each recipient of the request."""
        if not request.notify:
            return []
        known = {(each.target, each.status): each for each in self._outbox.of(EmailChannel.name, request)}
        return [self._report(request, recipient, known) for recipient in request.notify]

    def _report(
        self, request: Request, recipient: Recipient, known: Mapping[tuple[str, Status], Notification]
    ) -> RecipientReport:
        statuses = [status for status, _ in history(request) if gets(recipient, request, status)]
        found = [known.get((recipient.address, status)) for status in statuses]
        mails = [Mail(status, self._state(each)) for status, each in zip(statuses, found, strict=True)]
        return RecipientReport(recipient, mails, self._problem(mails, found))

    def _state(self, notification: Notification | None) -> MailState:
        match notification.delivery if notification else Delivery.DUE:
            case Delivery.SENT:
                return MailState.SENT
            case Delivery.FAILED:
                return MailState.FAILED
            case Delivery.UNKNOWN:
                return MailState.UNKNOWN
            case Delivery.SAVED:
                return MailState.NOT_CONFIGURED
            case _:
                return MailState.WAITING if self._sends else MailState.NOT_CONFIGURED

    def _problem(self, mails: Sequence[Mail], found: Sequence[Notification | None]) -> Fault | None:
        """The one that needs a person most."""
        states = {mail.state for mail in mails}
        if not self._sends:
            return no_mail_server()
        if MailState.FAILED in states:
            return _refused()
        if outage := self._outage():
            return _unavailable(outage)
        if any(each and not each.delivery.ended and each.reason == "unavailable" for each in found):
            return _unavailable("the mail server does not accept the message now")
        if MailState.UNKNOWN in states:
            return _in_doubt()
        return None


def no_mail_server() -> Fault:
    return Fault(
        code="no_mail_server",
        message="no mail server is set, so no e-mail is sent",
        hint="Set PENSTOCK_SMTP_HOST. Until then, e-mails are only saved, in the folder mail of the data folder.",
    )


def _refused() -> Fault:
    return Fault(
        code="mail_refused",
        message="the mail server refuses e-mails to this address for good",
        hint="Check the address, and the sender that the mail server allows (PENSTOCK_MAIL_FROM).",
    )


def _unavailable(message: str) -> Fault:
    return Fault(code="unavailable", message=message, hint="Wait; Penstock retries until it succeeds.")


def _in_doubt() -> Fault:
    return Fault(
        code="delivery_in_doubt",
        message="the mail server did not answer, twice: an e-mail may have arrived or not",
        hint="Look at the request instead; it is not sent again.",
    )
