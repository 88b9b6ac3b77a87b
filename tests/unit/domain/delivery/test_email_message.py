"""E-mails: safe whatever people call their files, and the same message in every copy."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.email_message import message_id, render
from penstock.domain.delivery.notification import Notification
from penstock.domain.errors import Fault, Problem
from penstock.domain.requests.recipients import parse_recipients
from penstock.domain.requests.request import Hold, Request, Status

SENDER = "penstock@mail.example"
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.COMPLETED,
    notify=parse_recipients(["ann@example.com", "bo@example.com"]),
    accepted_at=1_700_000_000_000_000,
    started_at=1_700_000_001_000_000,
    finished_at=1_700_000_002_000_000,
    rows_read=10,
    rows_accepted=7,
    rows_rejected=3,
    reject_reasons={"wrong_field_count": 2, "no_identifier": 1},
    dropped_cells={"tel": {"not_a_phone": 4}, "email": {"junk_identifier": 1}},
)
NOTIFICATION = Notification(
    channel="email",
    request_id=REQUEST.request_id,
    status=Status.COMPLETED,
    target="ann@example.com",
    at_us=1_700_000_002_000_000,
)


def test_the_end_says_what_became_of_the_rows() -> None:
    message = render(NOTIFICATION, REQUEST, SENDER)
    text = message.get_content()
    assert message["Subject"] == "Upload completed: people.tsv"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:22 +0000"
    assert "Rows read:     10\n" in text
    assert "  no_identifier: 1\n  wrong_field_count: 2\n" in text
    assert "Cells dropped: 5\n" in text
    assert f"penstock rejects {REQUEST.request_id}" in text


def test_a_failure_says_how_to_fix_it() -> None:
    fault = Fault(code="no_tab", message="no tab", hint="Save the file as TSV.")
    problem = Problem(code="no_tab", title="No column could be found", detail="d", faults=[fault])
    failed = replace(REQUEST, status=Status.FAILED, error=problem, rows_rejected=0)
    text = render(replace(NOTIFICATION, status=Status.FAILED), failed, SENDER).get_content()
    assert "No column could be found.\n  Save the file as TSV.\n" in text
    assert "penstock rejects" not in text


def test_a_hold_says_why_what_to_run_and_until_when() -> None:
    held = replace(
        REQUEST, status=Status.HELD, max_rejects="5%", hold=Hold("too_many_rejects", 0, 1_800_000_000_000_000)
    )
    message = render(replace(NOTIFICATION, status=Status.HELD), held, SENDER)
    text = message.get_content()
    assert message["Subject"] == "Upload held: people.tsv"
    assert "3 of 10 rows (30.0%) were rejected; the limit is 5%." in text
    assert "Rows ingested: 0\n" in text
    assert f"To ingest the other 7 rows: penstock approve {REQUEST.request_id}" in text
    assert f"penstock cancel {REQUEST.request_id}" in text
    assert "cancelled at 2027-01-15T08:00:00.000000Z" in text


def test_every_copy_is_the_same_message_and_every_notification_another() -> None:
    assert render(NOTIFICATION, REQUEST, SENDER).as_bytes() == render(NOTIFICATION, REQUEST, SENDER).as_bytes()
    others = [
        replace(NOTIFICATION, status=Status.FAILED),
        replace(NOTIFICATION, target="bo@example.com"),
        replace(NOTIFICATION, request_id="01890000-0000-7000-8000-000000000002"),
    ]
    assert len({message_id(each, "mail.example") for each in [NOTIFICATION, *others]}) == 4


@given(st.text(max_size=400), st.text(max_size=100))
def test_no_name_adds_a_header_or_a_line(file_name: str, data_source: str) -> None:
    usual = render(NOTIFICATION, REQUEST, SENDER)
    named = replace(REQUEST, file_name=file_name, data_source=data_source)
    message = message_from_bytes(render(NOTIFICATION, named, SENDER).as_bytes(), policy=SMTP)
    assert {name.lower() for name in message} <= {name.lower() for name in usual} | {"content-transfer-encoding"}
    assert message["To"] == "ann@example.com"
    assert message.get_content().count("\n") == usual.get_content().count("\n")


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@example.com", "a\u202egnp.exe", "a\0b", "a\u2028b", "x" * 4000])
def test_a_nasty_file_name_is_one_short_harmless_line(name: str) -> None:
    subject = render(NOTIFICATION, replace(REQUEST, file_name=name), SENDER)["Subject"]
    assert len(subject) < 150
    assert subject.isprintable()
