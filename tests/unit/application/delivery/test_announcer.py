"""The announcer: every channel learns each status once, also one that is added to a system with a past."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.application.delivery.email_channel import EmailChannel
from penstock.domain.delivery.status_event import STATUS_EVENTS
from penstock.domain.requests.request import Request, Status
from tests.support.acceptance import TENANT
from tests.support.dying import dying_at
from tests.support.scripted_channels import ScriptedChannel
from tests.support.tracker_harness import TrackerHarness, steps_of

ENDS = {rows: f"completed, {rows // 10} of {rows} rows rejected (10.0%)" for rows in (10, 20)}
MAILS = {
    rows: [f"Upload {status}: people.tsv to ann@example.com" for status in ("accepted", "in progress", end)]
    for rows, end in ENDS.items()
}
STATUSES = ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]


def add_webhook(harness: TrackerHarness) -> ScriptedChannel:
    webhook = ScriptedChannel("webhook", "https://shop.example/hook")
    harness.channels.append(webhook)
    harness.start()
    return webhook


def deliver(harness: TrackerHarness) -> None:
    for notifier in harness.notifiers.values():
        notifier.deliver_due()


def announce(harness: TrackerHarness, request: Request) -> Request:
    harness.announcer.announce([harness.requests.stored(TENANT, request.request_id)])
    return harness.requests.get(TENANT, request.request_id)


def test_two_channels_announce_each_status_to_their_own_targets(harness: TrackerHarness) -> None:
    webhook = add_webhook(harness)
    done = harness.handle(harness.accept("ann@example.com"), *steps_of(1))
    deliver(harness)
    assert harness.mailer.summaries() == MAILS[10]
    assert webhook.summaries() == [f"{status} to https://shop.example/hook" for status in STATUSES]
    assert done.announced_status == dict.fromkeys((EmailChannel.name, "webhook", STATUS_EVENTS), Status.COMPLETED)


def test_a_channel_that_is_added_while_a_request_is_under_way_catches_up_and_no_mail_goes_twice(
    harness: TrackerHarness,
) -> None:
    request = harness.accept("ann@example.com", chunks=2)
    harness.handle(request, *steps_of(2)[:1])
    deliver(harness)
    webhook = add_webhook(harness)
    harness.handle(request, *steps_of(2))
    deliver(harness)
    assert harness.mailer.summaries() == MAILS[20]
    assert harness.statuses() == STATUSES
    assert webhook.summaries() == [f"{status} to https://shop.example/hook" for status in STATUSES]
    assert list(harness.requests.markers.list(TENANT)) == []


def test_a_request_stays_active_until_every_channel_has_announced_its_end(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com")
    with dying_at("tracker.state_stored"):
        harness.handle(request, *steps_of(1))
    known = dict.fromkeys((EmailChannel.name, STATUS_EVENTS), Status.COMPLETED)
    stored = harness.requests.stored(TENANT, request.request_id)
    harness.requests.change(stored, lambda present: replace(present, announced_status=known))
    webhook = add_webhook(harness)
    assert len(list(harness.requests.markers.list(TENANT))) == 1
    harness.reconciler.reconcile()
    deliver(harness)
    assert (harness.mailer.summaries(), harness.statuses()) == ([], [])
    assert [each.status for each in webhook.delivered] == STATUSES
    assert list(harness.requests.markers.list(TENANT)) == []


@pytest.mark.parametrize("place", ["tracker.notifications_stored", "tracker.status_sent"])
def test_a_crash_between_channels_and_events_makes_no_notification_twice(harness: TrackerHarness, place: str) -> None:
    webhook = add_webhook(harness)
    request = harness.accept("ann@example.com")
    with dying_at(place):
        announce(harness, request)
    deliver(harness)
    harness.start()
    announce(harness, request)
    deliver(harness)
    assert harness.mailer.summaries() == MAILS[10][:1]
    assert webhook.summaries() == ["SCHEDULED to https://shop.example/hook"]
    assert harness.statuses() == ["SCHEDULED"] * (2 if place == "tracker.status_sent" else 1)


def test_a_channel_that_is_taken_away_holds_nothing_up(harness: TrackerHarness) -> None:
    add_webhook(harness)
    request = harness.accept("ann@example.com")
    announce(harness, request)
    del harness.channels[1:]
    harness.start()
    done = harness.handle(request, *steps_of(1))
    deliver(harness)
    assert harness.mailer.summaries() == MAILS[10]
    assert done.announced_status["webhook"] is Status.SCHEDULED
    assert list(harness.requests.markers.list(TENANT)) == []
    assert (harness.due(), harness.due("webhook")) == (0, 1), "what was stored for it waits, should it come back"


def test_a_state_that_another_changed_before_it_was_announced_is_kept(harness: TrackerHarness) -> None:
    request = harness.accept()
    harness.handle(request, steps_of(1)[0])
    seen = harness.requests.stored(TENANT, request.request_id)
    harness.requests.cancel(TENANT, request.request_id)
    harness.announcer.announce([seen._replace(request=replace(seen.request, announced_status={}))])
    after = harness.requests.get(TENANT, request.request_id)
    assert (after.status, set(after.announced_status.values())) == (Status.CANCELLED, {Status.IN_PROGRESS})
    assert len(list(harness.requests.markers.list(TENANT))) == 1, "its end is not announced"
    assert set(announce(harness, request).announced_status.values()) == {Status.CANCELLED}
