"""Notifications: one a channel, status and target, and at most one attempt after one that may have succeeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.notification import (
    LEASE_US,
    MAX_BACKOFF_US,
    Delivery,
    Notification,
    begin,
    delivered,
    doubt,
    is_due,
    notifications,
    postponed,
)
from penstock.domain.requests.request import Request, Status

TARGETS = ("ann@example.com", "bo@example.com")
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.COMPLETED,
    accepted_at=1_000,
    started_at=2_000,
    finished_at=3_000,
)
NOTIFICATION = Notification(
    channel="email", target="ann@example.com", request_id=REQUEST.request_id, status=Status.COMPLETED, at_us=3_000
)


def to(*targets: str) -> Callable[[Request, Status], Sequence[str]]:
    return lambda *_: targets


def test_there_is_one_for_each_unannounced_status_and_target_of_a_channel() -> None:
    behind = replace(REQUEST, announced_status={"email": Status.SCHEDULED, "webhook": Status.COMPLETED})
    assert [(each.status, each.target, each.at_us) for each in notifications(behind, "email", to(*TARGETS))] == [
        (status, target, at_us)
        for status, at_us in ((Status.IN_PROGRESS, 2_000), (Status.COMPLETED, 3_000))
        for target in TARGETS
    ]
    assert notifications(behind, "webhook", to(*TARGETS)) == []
    assert notifications(behind, "email", to()) == []


def test_no_two_notifications_of_a_request_have_the_same_place() -> None:
    """Two channels may have the same target, and a target may have spaces and look like another's place."""
    targets = ("a", "b a", "2 COMPLETED a", "a 2 COMPLETED")
    made = [each for channel in ("email", "webhook") for each in notifications(REQUEST, channel, to(*targets))]
    assert len({each.sort for each in made}) == len(made) == 2 * 3 * len(targets)
    assert [each.sort for each in notifications(REQUEST, "email", to("a"))] == sorted(
        each.sort for each in notifications(REQUEST, "email", to("a"))
    )


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
    assert delivered(begin(again, 1), Delivery.SENT).delivery is Delivery.SENT


@given(st.integers(1, 10_000))
def test_an_outage_is_waited_for_however_long_it_takes(attempts: int) -> None:
    later = postponed(replace(begin(NOTIFICATION, 0), attempts=attempts), 1000)
    assert later.delivery is Delivery.DUE
    assert 1000 < later.not_before_us <= 1000 + MAX_BACKOFF_US


def test_a_clock_that_was_set_back_does_not_hold_a_message_up() -> None:
    waiting = postponed(begin(NOTIFICATION, 0), 3_600_000_000)
    assert not is_due(waiting, 3_600_000_000)
    assert is_due(waiting, 0)
