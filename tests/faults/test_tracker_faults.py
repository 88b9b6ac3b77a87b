"""Trackers killed with SIGKILL, shuffled and repeated events, clocks that jump."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.consuming.groups import TRACKERS
from penstock.domain.errors import Problem
from penstock.domain.events import PROGRESS, FileRefused, Started
from penstock.domain.requests.hold import HOLD_DAYS
from penstock.domain.requests.request import Status
from tests.support.acceptance import TENANT
from tests.support.smtp_sink import SmtpSink
from tests.support.tracker_harness import TrackerHarness, repeated_and_shuffled, steps_of
from tests.support.waiting import GIVE_UP_SECONDS

ADDRESSES = ("ann@example.com", "bo@example.com")
COMPLETED = 3  # requests; the file of another one is refused
REQUESTS = COMPLETED + 1
CHUNKS = 5
HOUR = 3600
REFUSED = Problem(code="no_rows", title="The file has no rows", detail="Only a header.")
PLACES = (
    "tracker.state_stored",
    "tracker.notifications_stored",
    "tracker.status_sent",
    "consume.before_commit",
    "notifier.attempt_stored",
    "notifier.delivered",
)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[TrackerHarness]:
    with closing(TrackerHarness(tmp_path / "data")) as made:
        yield made


def send_progress(harness: TrackerHarness, seed: int) -> None:
    """All of it, of each request, repeated and shuffled across requests."""
    requests = [harness.accept(*ADDRESSES, chunks=CHUNKS).request_id for _ in range(REQUESTS)]
    events = [event for each in requests[:COMPLETED] for event in harness.progress(each, steps_of(CHUNKS))]
    refused = harness.progress(requests[-1], [Started(at_us=1000), FileRefused(at_us=1100, problem=REFUSED)])
    harness.send(repeated_and_shuffled([*events, *refused], seed))


def run(harness: TrackerHarness, smtp_sink: SmtpSink, *, failpoint: str = "", clock_seconds: int = 0) -> int:
    """The exit code of a tracker process that ran to its end, or to its failpoint."""
    options = (f"--clock-seconds={clock_seconds}",)
    with harness.process(*options, smtp_port=smtp_sink.port, failpoint=failpoint) as process:
        process.communicate(timeout=GIVE_UP_SECONDS)
    return process.returncode


def check_end(harness: TrackerHarness) -> None:
    """Every request has its one right end, all is announced and nothing is left over."""
    assert harness.states() == harness.expected
    *completed, refused = harness.states().values()
    for request in completed:
        assert (request.status, request.started_at, request.finished_at) == (Status.COMPLETED, 1000, 1104)
        assert (request.rows_read, request.rows_ingested, request.rows_rejected) == (50, 45, 5)
        assert request.reject_reasons == {"no_identifier": 5}
    assert (refused.status, refused.rows_read) == (Status.FAILED, 0)
    assert list(harness.requests.markers.list(TENANT)) == []
    assert harness.due() == 0
    assert harness.log.lag(TRACKERS, PROGRESS) == 0
    assert harness.dead_letters() == []
    assert set(harness.announced()) == set(announcements(harness))


def send_held(harness: TrackerHarness, seed: int) -> str:
    """The progress, repeated and shuffled, of a request with more rejects than it allows."""
    request_id = harness.accept(*ADDRESSES, max_rejects="5%", chunks=CHUNKS).request_id
    harness.send(repeated_and_shuffled(harness.progress(request_id, steps_of(CHUNKS)), seed))
    return request_id


LEVELS = {"all@example.com": 4, "end@example.com:end": 2, "problems@example.com:problems": 2}  # e-mails of a held life


@pytest.mark.parametrize("place", ["tracker.notifications_stored", "tracker.status_sent", "notifier.delivered"])
def test_each_level_and_thread_survives_a_tracker_that_is_killed_anywhere(
    harness: TrackerHarness, smtp_sink: SmtpSink, place: str
) -> None:
    """Whatever is repeated, an address gets the e-mails of its level, and all but its first answer that one."""
    request_id = harness.accept(*LEVELS, max_rejects="5%", chunks=CHUNKS).request_id
    harness.send(repeated_and_shuffled(harness.progress(request_id, steps_of(CHUNKS)), seed=3))
    assert run(harness, smtp_sink, failpoint=f"{place}:1") == -signal.SIGKILL
    assert run(harness, smtp_sink, clock_seconds=HOUR) == 0
    harness.requests.approve(TENANT, request_id)
    assert run(harness, smtp_sink, failpoint=f"{place}:1", clock_seconds=2 * HOUR) == -signal.SIGKILL
    assert run(harness, smtp_sink, clock_seconds=3 * HOUR) == 0
    for written, mails in LEVELS.items():
        taken = dict.fromkeys(each for each in smtp_sink.taken if each.recipient == written.partition(":")[0])
        first = [each.message_id for each in taken if each.in_reply_to is None]
        assert (len(taken), len(first)) == (mails, 1)
        assert {each.in_reply_to for each in taken} == {None, first[0]}
    copies = Counter(smtp_sink.taken)
    assert sum(copies.values()) - len(copies) == (2 if place == "notifier.delivered" else 0)


def check_held_mails(smtp_sink: SmtpSink, place: str) -> None:
    """One mail for each of the four transitions and each address; only one in doubt is sent twice."""
    copies = Counter(smtp_sink.taken)
    assert len({taken.message_id for taken in copies}) == len(copies) == 4 * len(ADDRESSES)
    assert sum(copies.values()) - len(copies) == (1 if place == "notifier.delivered" else 0)


def announcements(harness: TrackerHarness) -> list[tuple[str, str]]:
    ends = ["COMPLETED"] * COMPLETED + ["FAILED"]
    return [
        (request_id, status)
        for request_id, end in zip(harness.expected, ends, strict=True)
        for status in ("SCHEDULED", "IN_PROGRESS", end)
    ]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("place", PLACES)
def test_a_tracker_killed_at_any_failpoint_announces_each_status(
    harness: TrackerHarness, smtp_sink: SmtpSink, place: str, n: int
) -> None:
    send_progress(harness, seed=n)
    assert run(harness, smtp_sink, failpoint=f"{place}:{n}") == -signal.SIGKILL
    # The clock jumps meanwhile, in either direction: an attempt that was cut off is taken up again all the same.
    assert run(harness, smtp_sink, clock_seconds=HOUR if n == 1 else -HOUR) == 0
    check_end(harness)
    copies = Counter(smtp_sink.taken)
    assert len(copies) == REQUESTS * 3 * len(ADDRESSES)
    assert len({taken.message_id for taken in copies}) == len(copies)
    assert sum(copies.values()) - len(copies) == (1 if place == "notifier.delivered" else 0)


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_and_repeated_events_have_one_result(harness: TrackerHarness, smtp_sink: SmtpSink, seed: int) -> None:
    send_progress(harness, seed)
    assert run(harness, smtp_sink) == 0
    check_end(harness)
    assert harness.announced() == announcements(harness)
    assert set(Counter(smtp_sink.taken).values()) == {1}
    assert len(smtp_sink.taken) == REQUESTS * 3 * len(ADDRESSES)


@pytest.mark.parametrize("place", PLACES)
def test_a_hold_survives_a_tracker_that_is_killed_anywhere(
    harness: TrackerHarness, smtp_sink: SmtpSink, place: str
) -> None:
    request_id = send_held(harness, seed=1)
    assert run(harness, smtp_sink, failpoint=f"{place}:1") == -signal.SIGKILL
    assert run(harness, smtp_sink, clock_seconds=HOUR) == 0
    assert harness.states() == harness.expected
    assert harness.requests.get(TENANT, request_id).status is Status.HELD
    approved = harness.requests.approve(TENANT, request_id)
    assert (approved.status, approved.rows_ingested, approved.rows_rejected) == (Status.COMPLETED, 45, 5)
    assert run(harness, smtp_sink, clock_seconds=2 * HOUR) == 0
    assert set(harness.statuses()) == {"SCHEDULED", "IN_PROGRESS", "HELD", "COMPLETED"}
    assert list(harness.requests.markers.list(TENANT)) == []
    check_held_mails(smtp_sink, place)


@pytest.mark.parametrize(
    "place", ["tracker.hold_expired", "tracker.notifications_stored", "tracker.status_sent", "notifier.delivered"]
)
def test_the_end_of_a_hold_survives_a_tracker_that_is_killed_anywhere(
    harness: TrackerHarness, smtp_sink: SmtpSink, place: str
) -> None:
    request_id = send_held(harness, seed=2)
    assert run(harness, smtp_sink) == 0
    later = HOLD_DAYS * 24 * HOUR
    assert run(harness, smtp_sink, failpoint=f"{place}:1", clock_seconds=later) == -signal.SIGKILL
    assert run(harness, smtp_sink, clock_seconds=later + HOUR) == 0
    expired = harness.requests.get(TENANT, request_id)
    assert (expired.status, expired.error and expired.error.code) == (Status.CANCELLED, "hold_expired")
    assert set(harness.statuses()) == {"SCHEDULED", "IN_PROGRESS", "HELD", "CANCELLED"}
    assert list(harness.requests.markers.list(TENANT)) == []
    check_held_mails(smtp_sink, place)
