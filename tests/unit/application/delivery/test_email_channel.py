"""The e-mail channel: one message for each address of the request, and the mail server's errors as they are."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.application.delivery.email_channel import EmailChannel
from penstock.domain.delivery.email_message import EmailStyle
from penstock.domain.delivery.notification import notifications
from penstock.domain.errors import InDoubt, PenstockError, Unavailable, refusal
from penstock.domain.requests.recipients import parse_recipients
from penstock.domain.requests.request import Request, Status
from tests.support.scripted_channels import ScriptedMailer

ADDRESSES = ["ann@example.com", "bo@example.com"]
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    notify=parse_recipients(ADDRESSES),
)


def test_each_address_gets_a_message_from_the_sender() -> None:
    mailer = ScriptedMailer()
    channel = EmailChannel(mailer, EmailStyle("penstock@mail.example"))
    for notification in notifications(REQUEST, channel.name, channel.targets):
        channel.deliver(notification, REQUEST)
    assert mailer.summaries() == [f"Upload accepted: people.tsv to {address}" for address in ADDRESSES]
    assert {str(message["From"]) for message in mailer.messages} == {"Penstock <penstock@mail.example>"}
    assert len({message["Message-ID"] for message in mailer.messages}) == 2
    assert channel.targets(replace(REQUEST, notify=()), Status.SCHEDULED) == ()


@pytest.mark.parametrize(
    "error", [Unavailable("away", dependency="smtp"), InDoubt("broke off"), refusal("mail_refused", "no", "Check it.")]
)
def test_errors_of_the_mail_server_are_mapped_to_those_of_the_port(error: PenstockError) -> None:
    mailer = ScriptedMailer()
    channel = EmailChannel(mailer, EmailStyle("penstock@mail.example"))
    [first, _] = notifications(REQUEST, channel.name, channel.targets)
    mailer.script = [error]
    with pytest.raises(type(error)) as caught:
        channel.deliver(first, REQUEST)
    assert caught.value is error
