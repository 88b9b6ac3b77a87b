"""The mailer: sends one message to a mail server, or saves it when there is none.

Errors: `Unavailable` (certainly not accepted: retry; with a dependency when the server is unavailable), `InDoubt` (the
server may have accepted it), `Refused` (this address or message will never be accepted).
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol


class Mailer(Protocol):
    sends: bool  # whether messages go to people; otherwise they are only saved

    def send(self, message: EmailMessage) -> None:
        """Send `message`, which has one recipient and a unique Message-ID."""
        ...
