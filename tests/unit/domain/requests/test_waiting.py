"""What a request waits for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.domain.dispatching.queue import Place, Queue
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import FRESH_US, QUIET_US, WaitsFor, waits_for

SECOND = 1_000_000
NOW = 1_000 * SECOND
SCHEDULED = Request(
    request_id="r", tenant_id="acme", data_source="crm", file_name="f", uploaded_by="ann", accepted_at=NOW - SECOND
)
RUNNING = replace(SCHEDULED, status=Status.IN_PROGRESS, started_at=NOW - SECOND, last_step_at=NOW - SECOND)
QUEUE = Queue(at_us=NOW, workers=2, places={"r": Place(3, 130)})


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (SCHEDULED, WaitsFor.TURN),
        (replace(SCHEDULED, accepted_at=NOW - FRESH_US), WaitsFor.DISPATCHER),
        (RUNNING, None),
        (replace(RUNNING, last_step_at=NOW - QUIET_US, started_at=0), WaitsFor.WORKERS),
        (replace(RUNNING, last_step_at=0, started_at=NOW - QUIET_US), WaitsFor.WORKERS),
    ],
)
def test_of_what_no_dispatcher_has_stored_a_queue(request_: Request, expected: WaitsFor | None) -> None:
    found = waits_for(request_, NOW)
    assert (found and found.reason) == expected


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("who", ["reader", "dispatcher"])
def test_a_problem_of_the_system_stops_only_what_is_processed(status: Status, who: str) -> None:
    since = {"cassandra": NOW - 5 * SECOND, "kafka": NOW - 9 * SECOND}
    queue = replace(QUEUE, outages=since) if who == "dispatcher" else QUEUE
    found = waits_for(replace(SCHEDULED, status=status), NOW, queue=queue, outages=since if who == "reader" else {})
    if not status.processing:
        assert found is None
        return
    assert found is not None
    assert (found.reason, found.since_us) == (WaitsFor.SYSTEM, NOW - 9 * SECOND)
    assert "Cassandra and Kafka" in found.message


def test_a_mail_server_holds_up_no_request() -> None:
    assert waits_for(RUNNING, NOW, outages={"smtp": NOW}) is None


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(3, 130), "It waits for its turn: 3 requests of yours are before it, and it starts in about 2 min."),
        (Place(1, 20), "It waits for its turn: 1 request of yours is before it, and it starts within a minute."),
        (Place(0, 8_000), "It waits for its turn: it is the next of yours, and it starts in about 2 h."),
        (Place(1_000), "It waits for its turn: 1,000 requests of yours are before it."),
        (None, "It waits for its turn."),
    ],
)
def test_the_place_in_the_queue_is_in_words_and_numbers(place: Place | None, words: str) -> None:
    found = waits_for(SCHEDULED, NOW, queue=replace(QUEUE, places={"r": place} if place else {}))
    assert found is not None
    assert found.message == words
    assert (found.requests_before, found.starts_in_seconds) == (
        (place.before, place.seconds) if place else (None, None)
    )


def test_a_limit_of_requests_at_once_is_named() -> None:
    found = waits_for(SCHEDULED, NOW, queue=replace(QUEUE, at_once=2))
    assert found is not None
    assert found.message.endswith("in about 2 min; at most 2 of yours run at once.")


def test_without_a_worker_nothing_has_a_turn() -> None:
    found = waits_for(SCHEDULED, NOW, queue=replace(QUEUE, workers=0))
    assert found is not None
    assert (found.reason, found.requests_before) == (WaitsFor.WORKERS, None)


def test_an_old_queue_says_nothing() -> None:
    old = replace(QUEUE, at_us=NOW - FRESH_US, outages={"kafka": 1})
    found = waits_for(replace(SCHEDULED, accepted_at=NOW - 2 * FRESH_US), NOW, queue=old)
    assert found is not None
    assert found.reason is WaitsFor.DISPATCHER
