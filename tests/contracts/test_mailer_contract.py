"""The mailer's contract, held by both adapters; SMTP against a real server that also breaks in the awkward places."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd import smtp as aiosmtp
from aiosmtpd.controller import Controller

from penstock.adapters.folder_mailer import FolderMailer
from penstock.adapters.smtp_mailer import Security, SmtpMailer, SmtpServer
from penstock.domain.errors import InDoubt, Refused, Unavailable
from penstock.ports.mailer import Mailer
from tests.support.free_ports import free_port

TIMEOUT_SECONDS = 5.0
Received = list[tuple[str, list[str], bytes]]


def letter(text: str = "All rows are in.\n", identity: str = "<1@mail.example>") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Penstock <penstock@mail.example>"
    message["To"] = "ann@example.com"
    message["Subject"] = "Upload completed: ünïcode.tsv"
    message["Message-ID"] = identity
    message.set_content(text)
    return message


class SmtpSink:
    """What aiosmtpd asks: keeps the messages, and answers `command` with `reply` where one is set.

    With `drop_after_data` it keeps the message and then drops the connection in place of a reply.
    """

    def __init__(self) -> None:
        self.received: Received = []
        self.replies: dict[str, str] = {}
        self.drop_after_data = False

    async def handle_MAIL(self, server: aiosmtp.SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: aiosmtp.SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server: aiosmtp.SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.drop_after_data:
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def smtp_sink() -> SmtpSink:
    return SmtpSink()


@pytest.fixture
def smtp(smtp_sink: SmtpSink) -> Iterator[SmtpMailer]:
    yield from serve(smtp_sink)


def serve(smtp_sink: SmtpSink, server: dict[str, Any] | None = None, **client: Any) -> Iterator[SmtpMailer]:
    port = free_port()
    controller = Controller(smtp_sink, hostname="127.0.0.1", port=port, **(server or {}))
    controller.start()
    settings: dict[str, Any] = {"security": Security.NONE, **client}
    yield SmtpMailer(SmtpServer(host="127.0.0.1", port=port, timeout_seconds=TIMEOUT_SECONDS, **settings))
    controller.stop()


Delivered = Callable[[], list[bytes]]


@pytest.fixture(params=["folder", "smtp"])
def mailer(request: pytest.FixtureRequest, tmp_path: Path, smtp_sink: SmtpSink) -> Iterator[tuple[Mailer, Delivered]]:
    """An adapter, and what has arrived through it."""
    if request.param == "folder":
        folder = tmp_path / "mail"
        yield FolderMailer(folder), lambda: [path.read_bytes() for path in sorted(folder.iterdir())]
    else:
        for adapter in serve(smtp_sink):
            yield adapter, lambda: [content for _, _, content in smtp_sink.received]


@pytest.mark.parametrize(
    "text", ["All rows are in.\n", ".\n..leading dots\n.\n", "no end of line", "ünïcode 漢字\n", "\n"]
)
def test_a_message_arrives_as_it_was_sent(mailer: tuple[Mailer, Delivered], text: str) -> None:
    adapter, delivered = mailer
    sent = letter(text)
    adapter.send(sent)
    [arrived] = (message_from_bytes(content, policy=SMTP) for content in delivered())
    assert dict(arrived.items()) == dict(sent.items())
    assert isinstance(arrived, EmailMessage)
    assert arrived.get_content().splitlines() == text.splitlines()


def test_messages_do_not_replace_each_other(mailer: tuple[Mailer, Delivered]) -> None:
    adapter, delivered = mailer
    adapter.send(letter(identity="<1@mail.example>"))
    adapter.send(letter(identity="<2@mail.example>"))
    assert len(delivered()) == 2


def test_the_envelope_names_the_sender_and_the_one_recipient(smtp: SmtpMailer, smtp_sink: SmtpSink) -> None:
    smtp.send(letter())
    assert smtp_sink.received[0][:2] == ("penstock@mail.example", ["ann@example.com"])


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_permanent_no_is_a_refusal_that_repeats_nothing(smtp: SmtpMailer, smtp_sink: SmtpSink, command: str) -> None:
    smtp_sink.replies[command] = "550 ann@example.com is not welcome"
    with pytest.raises(Refused) as caught:
        smtp.send(letter())
    assert caught.value.code == "mail_refused"
    assert "ann" not in str(caught.value)
    assert smtp_sink.received == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_passing_no_may_be_tried_again(smtp: SmtpMailer, smtp_sink: SmtpSink, command: str) -> None:
    smtp_sink.replies[command] = "451 later, please"
    with pytest.raises(Unavailable):
        smtp.send(letter())
    smtp_sink.replies.clear()
    smtp.send(letter())
    assert len(smtp_sink.received) == 1


def test_a_reply_that_is_lost_leaves_the_message_in_doubt(smtp: SmtpMailer, smtp_sink: SmtpSink) -> None:
    smtp_sink.drop_after_data = True
    with pytest.raises(InDoubt):
        smtp.send(letter())
    assert len(smtp_sink.received) == 1


def test_a_server_that_is_away_has_surely_accepted_nothing() -> None:
    with pytest.raises(Unavailable):
        SmtpMailer(SmtpServer(host="127.0.0.1", port=free_port(), security=Security.NONE)).send(letter())


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_signing_in_is_needed_where_the_server_asks_for_it(smtp_sink: SmtpSink) -> None:
    def check(
        server: Any, session: Any, envelope: Any, mechanism: str, data: aiosmtp.LoginPassword
    ) -> aiosmtp.AuthResult:
        known = (data.login, data.password) == (b"penstock", b"right")
        return aiosmtp.AuthResult(success=known, handled=False)

    asking = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    for adapter in serve(smtp_sink, asking, user="penstock", password="right"):
        adapter.send(letter())
    assert len(smtp_sink.received) == 1
    for adapter in serve(smtp_sink, asking, user="penstock", password="wrong"):
        with pytest.raises(Unavailable):
            adapter.send(letter())


def test_a_server_without_encryption_gets_nothing_when_encryption_is_asked_for(smtp_sink: SmtpSink) -> None:
    for security in (Security.STARTTLS, Security.TLS):
        for adapter in serve(smtp_sink, security=security):
            with pytest.raises(Unavailable):
                adapter.send(letter())
    assert smtp_sink.received == []


def test_a_folder_s_messages_are_private_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    adapter = FolderMailer(folder)
    adapter.send(letter("first\n"))
    adapter.send(letter("second\n"))  # a copy with the same Message-ID
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"second" in path.read_bytes()


@pytest.mark.parametrize("identity", ["<../../x@mail.example>", "</etc/x@mail.example>", "<..@mail.example>"])
def test_no_message_leaves_its_folder(tmp_path: Path, identity: str) -> None:
    FolderMailer(tmp_path / "mail").send(letter(identity=identity))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert len(os.listdir(tmp_path / "mail")) == 1


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        FolderMailer(tmp_path / "file").send(letter())


def test_leftovers_of_a_killed_writer_are_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir(mode=0o700)
    (folder / "1.unfinished").write_bytes(b"half a mess")
    FolderMailer(folder).send(letter(identity="<1@mail.example>"))
    assert [path.name for path in folder.iterdir()] == ["1.eml"]
    assert b"half a mess" not in (folder / "1.eml").read_bytes()
