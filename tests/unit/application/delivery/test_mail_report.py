"""What became of each e-mail, and what is wrong, for every end that a delivery can have."""

from __future__ import annotations

import pytest

from penstock.application.delivery.mail_report import MailReports, RecipientReport
from penstock.domain.delivery.notification import LEASE_US
from penstock.domain.errors import InDoubt, PenstockError, Unavailable, refusal
from penstock.domain.requests.request import Request
from tests.support.acceptance import TENANT
from tests.support.tracker_harness import TrackerHarness, steps_of

OUTAGE = Unavailable("cannot reach the mail server", dependency="smtp")
LOST_REPLY = InDoubt("broke off")
REFUSAL = refusal("mail_refused", "no", "Check the address.")


def report(harness: TrackerHarness, request: Request, outage: str | None = None) -> list[RecipientReport]:
    reports = MailReports(harness.outbox, sends=harness.mailer.sends, outage=lambda: outage)
    return reports.of(harness.requests.get(TENANT, request.request_id))


def states(reported: RecipientReport) -> str:
    return ", ".join(f"{mail.status} {mail.state}" for mail in reported.mails)


def problem(reported: RecipientReport) -> str | None:
    return reported.problem and reported.problem.code


def test_each_recipient_has_the_mails_of_its_level_from_the_acceptance_on(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", "bo@example.com:end")
    first, second = report(harness, request)
    assert (states(first), states(second)) == ("SCHEDULED waiting", "")
    harness.handle(request, *steps_of(1))
    first, second = report(harness, request)
    assert states(first) == "SCHEDULED waiting, IN_PROGRESS waiting, COMPLETED waiting"
    assert states(second) == "COMPLETED waiting"
    harness.notifier.deliver_due()
    first, second = report(harness, request)
    assert states(first) == "SCHEDULED sent, IN_PROGRESS sent, COMPLETED sent"
    assert (states(second), problem(first), problem(second)) == ("COMPLETED sent", None, None)


@pytest.mark.parametrize(
    ("outcomes", "state", "code"),
    [
        ([OUTAGE], "waiting", "unavailable"),
        ([Unavailable("busy")], "waiting", "unavailable"),
        ([LOST_REPLY], "waiting", None),
        ([LOST_REPLY, LOST_REPLY], "unknown", "delivery_in_doubt"),
        ([REFUSAL], "failed", "mail_refused"),
        ([OUTAGE, None], "sent", None),
    ],
)
def test_each_outcome_of_a_delivery_is_reported(
    harness: TrackerHarness, outcomes: list[PenstockError | None], state: str, code: str | None
) -> None:
    request = harness.accept("ann@example.com")
    harness.announcer.announce([harness.requests.stored(TENANT, request.request_id)])
    harness.mailer.script = list(outcomes)
    for _ in outcomes:
        harness.notifier.deliver_due()
        harness.clock.at_us += LEASE_US
    (reported,) = report(harness, request)
    assert (states(reported), problem(reported)) == (f"SCHEDULED {state}", code)


def test_without_a_mail_server_no_mail_is_sent_and_that_is_clear_at_once(harness: TrackerHarness) -> None:
    harness.mailer.sends = False
    request = harness.accept("ann@example.com", "bo@example.com:problems")
    for _ in range(2):
        first, second = report(harness, request)
        assert states(first) == "SCHEDULED not_configured"
        assert [problem(each) for each in (first, second)] == ["no_mail_server"] * 2
        harness.announcer.announce([harness.requests.stored(TENANT, request.request_id)])
        assert harness.notifier.deliver_due() in (0, 1)
    assert (len(harness.mailer.messages), harness.due()) == (1, 0)
    harness.mailer.sends = True
    first, _ = report(harness, request)
    assert (states(first), problem(first)) == ("SCHEDULED not_configured", None), "it is not sent later"


def test_a_known_outage_is_reported_before_the_first_attempt(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com")
    (reported,) = report(harness, request, outage="cannot reach the mail server")
    assert reported.problem is not None
    assert (reported.problem.code, reported.problem.message) == ("unavailable", "cannot reach the mail server")


def test_a_request_without_recipients_reads_nothing(harness: TrackerHarness) -> None:
    assert MailReports(None, sends=True, outage=lambda: None).of(harness.accept()) == []  # type: ignore[arg-type]
