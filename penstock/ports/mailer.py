"""The mailer: hands one message to a mail server.

Errors: `Unavailable` (surely not accepted: try again), `InDoubt` (the server may have accepted it),
`Refused` (this address or message will never be accepted).
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol

from penstock.domain.errors import PenstockError


class InDoubt(PenstockError):
    """The connection broke after the message was handed over and before the server's reply."""

    code = "mail_in_doubt"


class Mailer(Protocol):
    def send(self, message: EmailMessage) -> None:
        """Hand over `message`, which has one recipient and a Message-ID of its own."""
        ...
