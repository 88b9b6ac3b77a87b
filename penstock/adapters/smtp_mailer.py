"""A mailer that uses one SMTP server (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum

from penstock.config import Secret, ServerSettings
from penstock.domain.errors import InDoubt, PenstockError, Unavailable, refusal
from penstock.ports.mailer import Mailer

MAIL_SERVER = "smtp"  # the dependency's name in metrics and logs
START_MAIL_INPUT = 354
BROKEN = (OSError, smtplib.SMTPException)  # smtplib raises either when a connection breaks


class Security(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"  # from the start


class SmtpServer(ServerSettings, frozen=True, kw_only=True):
    """Where the mail server is and how to sign in."""

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""  # "": no sign-in
    password: Secret = ""
    timeout_seconds: float = 30.0


class SmtpMailer(Mailer):
    """One connection per message. Nothing can have been accepted before the message's last byte is sent."""

    sends = True

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def send(self, message: EmailMessage) -> None:
        with self._connected() as connection:
            _transmit(connection, message)
            with suppress(*BROKEN):
                connection.quit()

    def probe(self) -> None:
        """Check that the server accepts the sign-in. Raises `Unavailable`."""
        with self._connected() as connection, suppress(*BROKEN):
            connection.quit()

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            connection = self._connect()
        except BROKEN as error:
            raise Unavailable(
                f"cannot reach or sign in to the mail server ({type(error).__name__}):"
                " check that it runs, and the settings PENSTOCK_SMTP_…",
                dependency=MAIL_SERVER,
            ) from error
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            tls = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout_seconds, context=tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
        try:
            if server.security is Security.STARTTLS:
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _transmit(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        _check_reply(*connection.mail(message["From"].addresses[0].addr_spec))
        _check_reply(*connection.rcpt(message["To"].addresses[0].addr_spec))
        _check_reply(*connection.docmd("DATA"), expected=START_MAIL_INPUT)
    except BROKEN as error:
        raise Unavailable(
            f"the connection to the mail server broke: {type(error).__name__}", dependency=MAIL_SERVER
        ) from error
    try:
        connection.send(_wire_format(message))
        reply = connection.getreply()
    except BROKEN as error:
        raise InDoubt("the connection to the mail server broke before it replied to the message") from error
    _check_reply(*reply)


def _check_reply(code: int, _text: bytes, *, expected: int = 250) -> None:
    """Raise the error of a negative reply (RFC 5321 §4.2.1), without its text, which may repeat the message."""
    if code == expected or (expected == 250 and 200 <= code < 300):
        return
    error: PenstockError
    if 500 <= code < 600:
        error = refusal(
            "mail_refused",
            f"the mail server refused the message with {code}",
            "Check the address, and the sender that the mail server allows.",
        )
    else:
        error = Unavailable(f"the mail server answered {code}")
    raise error


def _wire_format(message: EmailMessage) -> bytes:
    """The message with leading dots doubled and the end marker (RFC 5321 §4.5.2)."""
    content = message.as_bytes(policy=SMTP)
    return re.sub(rb"(?m)^\.", b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n"
