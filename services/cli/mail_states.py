"""Adds the delivery of a request's e-mails to the document that a command displays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from penstock.application.delivery.mail_report import MailState
from penstock.domain.errors import Unavailable
from services.cli.ingest_backends import Backend
from services.cli.output import Document
from services.cli.views import mail_problems

MAX_SECONDS = 3.0  # that a command waits for its last e-mails
POLL_SECONDS = 0.1


def add_mails(backend: Backend, document: dict[str, Any]) -> None:
    """Add the delivery of the e-mails so far, if it can be read; without it, the request is still displayed."""
    if document["notify"]:
        with suppress(Unavailable):
            document["notify"] = backend.request(document["request_id"])["notify"]


def await_mails(
    backend: Backend, document: dict[str, Any], seconds: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """As `add_mails`, but wait briefly for the last e-mails, so that the result has their states."""
    until = seconds() + MAX_SECONDS
    add_mails(backend, document)
    while _may_be_sent(document) and seconds() < until:
        sleep(POLL_SECONDS)
        add_mails(backend, document)


def _may_be_sent(document: Document) -> bool:
    """Whether an e-mail is still to be sent, and nothing is known that prevents it."""
    recipients = document["notify"]
    waiting = any(mail["state"] == MailState.WAITING for each in recipients for mail in each.get("mails", ()))
    return waiting and not mail_problems(recipients)
