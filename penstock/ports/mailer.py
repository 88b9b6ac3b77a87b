"""The mailer: hands one message to a mail server.

Errors: `Unavailable` (surely not accepted: try again; with a dependency when the server is away), `InDoubt` (the server
may have accepted it), `Refused` (this address or message will never be accepted).
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol


class Mailer(Protocol):
    def send(self, message: EmailMessage) -> None:
        """Hand over `message`, which has one recipient and a Message-ID of its own."""
        ...
