"""The notifier: one delivery a status and target; at most one more where the first may have arrived."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from structlog.testing import capture_logs

from penstock.application.delivery.email_channel import EmailChannel
from penstock.domain.delivery.notification import LEASE_US, MAX_BACKOFF_US
from penstock.domain.errors import InDoubt, PenstockError, Unavailable, refusal
from services.status_tracker.main import notifiers
from tests.support.acceptance import TENANT
from tests.support.dying import dying_at
from tests.support.scripted_channels import ScriptedChannel
from tests.support.tracker_harness import TrackerHarness

OUTAGE = Unavailable("away")
LOST_REPLY = InDoubt("broke off")


def announce_one(harness: TrackerHarness, *addresses: str) -> None:
    """Store the notifications that one new request was accepted."""
    harness.announcer.announce([harness.requests.stored(TENANT, harness.accept(*addresses).request_id)])


def test_each_message_is_sent_once(harness: TrackerHarness) -> None:
    announce_one(harness, "ann@example.com", "bo@example.com")
    assert (harness.due(), harness.notifier.deliver_due(), harness.notifier.deliver_due(), harness.due()) == (
        2,
        2,
        0,
        0,
    )
    assert [message["To"] for message in harness.mailer.messages] == ["ann@example.com", "bo@example.com"]


def test_an_outage_is_waited_for_however_long(harness: TrackerHarness) -> None:
    announce_one(harness, "ann@example.com")
    for _ in range(20):
        harness.mailer.script = [OUTAGE]
        assert harness.notifier.deliver_due() == 0
        assert harness.notifier.deliver_due() == 0  # not before the wait is over
        harness.clock.at_us += MAX_BACKOFF_US
    assert (harness.notifier.deliver_due(), len(harness.mailer.messages), harness.due()) == (1, 1, 0)


def test_one_address_in_trouble_does_not_hold_up_another(harness: TrackerHarness) -> None:
    announce_one(harness, "ann@example.com", "bo@example.com")
    harness.mailer.script = [OUTAGE]
    assert harness.notifier.deliver_due() == 1
    assert harness.mailer.messages[0]["To"] == "bo@example.com"


def test_a_refused_address_is_not_asked_again(harness: TrackerHarness) -> None:
    announce_one(harness, "ann@example.com")
    harness.mailer.script = [refusal("mail_refused", "no", "Check the address.")]
    assert (harness.notifier.deliver_due(), harness.notifier.deliver_due(), harness.due()) == (0, 0, 0)
    assert harness.mailer.messages == []


@pytest.mark.parametrize("outcomes", [[LOST_REPLY], [LOST_REPLY, LOST_REPLY], [LOST_REPLY, LOST_REPLY, LOST_REPLY]])
def test_a_lost_reply_costs_one_more_copy_of_the_same_message_at_most(
    harness: TrackerHarness, outcomes: list[InDoubt]
) -> None:
    announce_one(harness, "ann@example.com")
    harness.mailer.script = list(outcomes)
    for _ in range(5):
        harness.notifier.deliver_due()
        harness.clock.at_us += MAX_BACKOFF_US
    first, second = harness.mailer.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()
    assert harness.due() == 0


@pytest.mark.parametrize(("place", "copies"), [("notifier.attempt_stored", 1), ("notifier.delivered", 2)])
@pytest.mark.parametrize("jump_us", [LEASE_US, -3_600_000_000])
def test_a_notifier_that_dies_in_an_attempt_is_followed_by_one_more(
    harness: TrackerHarness, place: str, copies: int, jump_us: int
) -> None:
    announce_one(harness, "ann@example.com")
    with dying_at(place):
        harness.notifier.deliver_due()
    harness.start()
    assert harness.notifier.deliver_due() == 0  # the attempt may still be going on elsewhere
    harness.clock.at_us += jump_us
    assert harness.notifier.deliver_due() == 1
    assert len({message["Message-ID"] for message in harness.mailer.messages}) == 1
    assert (len(harness.mailer.messages), harness.due()) == (copies, 0)


def test_a_notifier_that_always_dies_sends_two_copies_at_most(harness: TrackerHarness) -> None:
    announce_one(harness, "ann@example.com")
    for _ in range(2):
        with dying_at("notifier.delivered"):
            harness.notifier.deliver_due()
        harness.clock.at_us += LEASE_US
    assert harness.notifier.deliver_due() == 0
    assert (len(harness.mailer.messages), harness.due()) == (2, 0)


def test_two_notifiers_at_once_send_one_copy(harness: TrackerHarness) -> None:
    announce_one(harness, *[f"{name}@example.com" for name in "abcdefghij"])
    start = Barrier(2)

    def run() -> None:
        another = notifiers(harness.system)[EmailChannel.name]
        start.wait()
        another.deliver_due()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["To"] for message in harness.mailer.messages) == [f"{n}@example.com" for n in "abcdefghij"]


def test_a_mail_server_that_is_away_is_asked_once_a_pass(harness: TrackerHarness) -> None:
    """Each message would wait for its time-out: a hundred of them for an hour."""
    announce_one(harness, "ann@example.com", "bo@example.com")
    harness.mailer.script = [Unavailable("cannot reach the mail server", dependency="smtp")]
    assert harness.notifier.deliver_due() == 0
    assert harness.mailer.messages == []
    assert harness.notifier.deliver_due() == 1
    assert harness.mailer.messages[0]["To"] == "bo@example.com"


def test_a_channel_that_is_away_holds_up_no_other(harness: TrackerHarness) -> None:
    """Both have the same target, and each its own notification of it."""
    pager = ScriptedChannel("pager", "ann@example.com")
    harness.channels.append(pager)
    harness.start()
    announce_one(harness, "ann@example.com")
    harness.mailer.script = [Unavailable("cannot reach the mail server", dependency="smtp")]
    assert {name: each.deliver_due() for name, each in harness.notifiers.items()} == {"email": 0, "pager": 1}
    assert (pager.summaries(), harness.due(), harness.due("pager")) == (["SCHEDULED to ann@example.com"], 1, 0)
    harness.clock.at_us += MAX_BACKOFF_US
    assert {name: each.deliver_due() for name, each in harness.notifiers.items()} == {"email": 1, "pager": 0}
    assert len(pager.delivered) == len(harness.mailer.messages) == 1


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (refusal("mail_refused", "no", "Check the address."), "notifier.delivery_refused"),
        (LOST_REPLY, "notifier.delivery_in_doubt"),
    ],
)
def test_a_failed_delivery_is_logged_without_its_target(
    harness: TrackerHarness, outcome: PenstockError, event: str
) -> None:
    announce_one(harness, "ann@example.com")
    harness.mailer.script = [outcome, outcome]
    with capture_logs() as lines:
        for _ in range(2):
            harness.notifier.deliver_due()
            harness.clock.at_us += MAX_BACKOFF_US
    assert [line["event"] for line in lines] == [event]
    assert [line for line in lines if "ann@example.com" in str(line) or line["channel"] != "email"] == []
