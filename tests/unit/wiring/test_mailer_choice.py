"""Which mailer a runtime has: the mail server that the variables name, otherwise a folder."""

from pathlib import Path

import pytest

from penstock.adapters.folder_mailer import FolderMailer
from penstock.adapters.smtp_mailer import SmtpMailer
from penstock.config import Settings
from penstock.domain.delivery.email_message import EmailStyle
from penstock.domain.errors import Refused
from penstock.ports.mailer import Mailer
from penstock.wiring import embedded
from penstock.wiring.system import email_style, mailer_of


@pytest.mark.parametrize(("host", "kind"), [("mail.example", SmtpMailer), ("", FolderMailer), (None, FolderMailer)])
def test_mails_go_to_the_host_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str | None, kind: type[Mailer]
) -> None:
    if host is not None:
        monkeypatch.setenv("PENSTOCK_SMTP_HOST", host)
    assert type(mailer_of(Settings(data=tmp_path))) is kind


def test_a_mail_server_with_a_setting_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_SMTP_HOST", "mail.example")
    monkeypatch.setenv("PENSTOCK_SMTP_SECURITY", "ssl3")
    with pytest.raises(Refused, match="PENSTOCK_SMTP_SECURITY"):
        embedded(Settings(data=tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "https://penstock.example.com/imports/",
        "javascript:alert(1)//{request_id}",
        "/imports/{request_id}",
        "https://x.example/{request_id}\r\nBcc: a",
        "https:// x/{request_id}",
    ],
)
def test_an_address_of_requests_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="PENSTOCK_REQUEST_URL"):
        email_style(Settings(request_url=url))


@pytest.mark.parametrize("url", ["", "http://localhost:8080/imports/{request_id}", "https://x.example/#/{request_id}"])
def test_an_address_of_requests_has_the_place_of_the_id(url: str) -> None:
    assert email_style(Settings(request_url=url, mail_from="p@x.example")) == EmailStyle("p@x.example", url, 7)
