"""A mail server and a channel that do what a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from typing import TypeVar

from penstock.domain.delivery.notification import Delivery, Notification
from penstock.domain.errors import InDoubt, PenstockError
from penstock.domain.requests.request import Request, Status
from penstock.ports.channel import Channel
from penstock.ports.mailer import Mailer

T = TypeVar("T")
Script = list[PenstockError | None]


class ScriptedMailer(Mailer):
    """Keeps the messages. Raises the next of `script` instead, or, after a lost reply, as well."""

    sends = True

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.script: Script = []

    def send(self, message: EmailMessage) -> None:
        _accept(self.script, self.messages, message)

    def summaries(self) -> list[str]:
        return [f"{message['Subject']} to {message['To']}" for message in self.messages]


class ScriptedChannel(Channel):
    """As `ScriptedMailer`, with a name and targets that no request decides."""

    def __init__(self, name: str, *targets: str) -> None:
        self.name, self._targets = name, targets
        self.delivered: list[Notification] = []
        self.script: Script = []

    def targets(self, request: Request, status: Status) -> Sequence[str]:
        return self._targets

    def deliver(self, notification: Notification, request: Request) -> Delivery:
        _accept(self.script, self.delivered, notification)
        return Delivery.SENT

    def summaries(self) -> list[str]:
        return [f"{each.status} to {each.target}" for each in self.delivered]


def _accept(script: Script, accepted: list[T], new: T) -> None:
    outcome = script.pop(0) if script else None
    if outcome is None or isinstance(outcome, InDoubt):
        accepted.append(new)
    if outcome is not None:
        raise outcome
