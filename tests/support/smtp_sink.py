"""A mail server that takes every message, for trackers in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import SMTP
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller

from tests.support.free_ports import free_port


class Taken(NamedTuple):
    message_id: str
    subject: str
    recipient: str
    in_reply_to: str | None


class SmtpSink:
    """Every message that it has taken, on 127.0.0.1 at `port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[Taken] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=SMTP)
        self.taken.append(Taken(message["Message-ID"], message["Subject"], message["To"], message["In-Reply-To"]))
        return "250 OK"


@contextmanager
def open_smtp_sink() -> Iterator[SmtpSink]:
    smtp_sink = SmtpSink(free_port())
    controller = Controller(smtp_sink, hostname="127.0.0.1", port=smtp_sink.port)
    controller.start()
    try:
        yield smtp_sink
    finally:
        controller.stop()
