"""E-mails: safe whatever people call their files, and never sent a third time."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.notification import (
    LEASE_US,
    MAX_BACKOFF_US,
    Delivery,
    Notification,
    begin,
    check_addresses,
    doubt,
    is_due,
    message_id,
    notifications,
    postponed,
    render,
    sent,
)
from penstock.domain.errors import Fault, Problem, Refused
from penstock.domain.requests.request import Request, Status
from tests.support.adversarial import cells
from tests.support.cost import MOST_SECONDS, seconds

SENDER = "penstock@mail.example"
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.COMPLETED,
    notify=("ann@example.com", "bo@example.com"),
    accepted_at=1_700_000_000_000_000,
    started_at=1_700_000_001_000_000,
    finished_at=1_700_000_002_000_000,
    rows_read=10,
    rows_ingested=7,
    rows_rejected=3,
    reject_reasons={"wrong_field_count": 2, "no_identifier": 1},
)
NOTIFICATION = Notification(
    request_id=REQUEST.request_id, status=Status.COMPLETED, address="ann@example.com", at_us=1_700_000_002_000_000
)


def test_there_is_one_for_each_status_and_address() -> None:
    due = [(each.status, each.address) for each in notifications(REQUEST)]
    assert due == [
        (status, address)
        for status in (Status.SCHEDULED, Status.IN_PROGRESS, Status.COMPLETED)
        for address in REQUEST.notify
    ]
    assert notifications(replace(REQUEST, told=Status.COMPLETED)) == []


def test_the_end_says_what_became_of_the_rows() -> None:
    message = render(NOTIFICATION, REQUEST, SENDER)
    text = message.get_content()
    assert message["Subject"] == "Upload completed: people.tsv"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:22 +0000"
    assert "Rows read:     10\n" in text
    assert "  no_identifier: 1\n  wrong_field_count: 2\n" in text
    assert f"penstock rejects {REQUEST.request_id}" in text


def test_a_failure_says_how_to_mend_it() -> None:
    fault = Fault(code="no_tab", message="no tab", hint="Save the file as TSV.")
    problem = Problem(code="no_tab", title="No column could be found", detail="d", faults=[fault])
    failed = replace(REQUEST, status=Status.FAILED, error=problem, rows_rejected=0)
    text = render(replace(NOTIFICATION, status=Status.FAILED), failed, SENDER).get_content()
    assert "No column could be found.\n  Save the file as TSV.\n" in text
    assert "penstock rejects" not in text


def test_every_copy_is_the_same_message_and_every_notification_another() -> None:
    assert render(NOTIFICATION, REQUEST, SENDER).as_bytes() == render(NOTIFICATION, REQUEST, SENDER).as_bytes()
    others = [
        replace(NOTIFICATION, status=Status.FAILED),
        replace(NOTIFICATION, address="bo@example.com"),
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


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: eve@example.com", "a@example.com\n", "a", "", "Ann <a@example.com>", "a@b@example.com"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as caught:
        check_addresses(["fine@example.com", address, address])
    assert [(fault.code, fault.position) for fault in caught.value.faults] == [
        ("invalid_address", 2),
        ("invalid_address", 3),
    ]


def test_addresses_get_their_usual_form_once() -> None:
    assert check_addresses(["Ann@EXAMPLE.com", "Ann@example.com", "bo@exämple.com"]) == (
        "Ann@example.com",
        "bo@xn--exmple-cua.com",
    )
    with pytest.raises(Refused) as caught:
        check_addresses(["ann@example.com"] * 21)
    assert caught.value.code == "too_many_addresses"


def test_a_process_that_dies_in_an_attempt_is_followed_by_one_more() -> None:
    first = begin(NOTIFICATION, 0)
    assert (first.delivery, first.attempts) == (Delivery.SENDING, 1)
    assert not is_due(first, LEASE_US - 1)
    assert is_due(first, LEASE_US)
    second = begin(first, LEASE_US)
    assert (second.delivery, second.attempts) == (Delivery.SENDING, 2)
    third = begin(second, 2 * LEASE_US)
    assert (third.delivery, third.attempts) == (Delivery.UNKNOWN, 2)


def test_a_lost_reply_is_followed_by_one_more_attempt() -> None:
    again = doubt(begin(NOTIFICATION, 0))
    assert is_due(again, 1)
    assert doubt(begin(again, 1)).delivery is Delivery.UNKNOWN
    assert sent(begin(again, 1)).delivery is Delivery.SENT


@given(st.integers(1, 10_000))
def test_an_outage_is_waited_for_however_long_it_takes(attempts: int) -> None:
    later = postponed(replace(begin(NOTIFICATION, 0), attempts=attempts), 1000)
    assert later.delivery is Delivery.DUE
    assert 1000 < later.not_before_us <= 1000 + MAX_BACKOFF_US


def test_a_clock_that_was_set_back_does_not_hold_a_message_up() -> None:
    waiting = postponed(begin(NOTIFICATION, 0), 3_600_000_000)
    assert not is_due(waiting, 3_600_000_000)
    assert is_due(waiting, 0)


def test_no_address_costs_much() -> None:
    def cost(address: str) -> float:
        return seconds(lambda: check_addresses([address]))

    assert [address[:20] for address in cells(32_768) if cost(address) >= MOST_SECONDS] == []
