"""The tracker: one result and one announcement each, whatever is redelivered or lost in between."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from penstock.application.consuming.consume_loop import PoisonMessage
from penstock.domain.errors import Problem, Unavailable
from penstock.domain.events import STATUS, ChunkDone, FileRefused, Started, StatusChanged, Step
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import Record, Table
from tests.support.acceptance import TENANT
from tests.support.dying import dying_at
from tests.support.tracker_harness import TrackerHarness, delivered

STEPS: list[Step] = [
    Started(at_us=10),
    ChunkDone(at_us=30, chunk=0, rows_read=3, rows_ingested=2, rows_rejected=1, reject_reasons={"no_identifier": 1}),
    ChunkDone(at_us=40, chunk=1, rows_read=4, rows_ingested=4, rows_rejected=0),
]
ALL_MAILS = [
    f"Upload {status}: people.tsv to {name}@example.com"
    for status in ("accepted", "in progress", "completed, 1 of 7 rows rejected (14.3%)")
    for name in ("ann", "bo")
]


def test_a_request_runs_from_acceptance_to_completion(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", "bo@example.com", chunks=2)
    assert harness.handle(request, STEPS[0]).status is Status.IN_PROGRESS
    assert harness.statuses() == ["SCHEDULED", "IN_PROGRESS"]
    done = harness.handle(request, *STEPS[1:])
    assert (done.status, done.rows_read, done.rows_ingested, done.rows_rejected) == (Status.COMPLETED, 7, 6, 1)
    assert harness.statuses() == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    last = harness.published(STATUS)[-1]
    assert isinstance(last, StatusChanged)
    assert (last.at_us, last.rows_read) == (40, 7)
    assert list(harness.requests.active(TENANT)) == []
    harness.notifier.deliver_due()
    assert sorted(harness.mailer.summaries()) == sorted(ALL_MAILS)


def test_a_redelivery_announces_nothing_twice(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", chunks=2)
    done = harness.handle(request, *STEPS)
    harness.notifier.deliver_due()
    assert harness.handle(request, *reversed(STEPS), *STEPS) == done
    harness.notifier.deliver_due()
    assert harness.statuses() == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert len(harness.mailer.messages) == 3


@pytest.mark.parametrize("place", ["tracker.state_stored", "tracker.notifications_stored", "tracker.status_sent"])
def test_after_a_crash_between_any_two_steps_the_work_is_completed(harness: TrackerHarness, place: str) -> None:
    request = harness.accept("ann@example.com", "bo@example.com", chunks=2)
    with dying_at(place):
        harness.handle(request, *STEPS)
    harness.start()
    assert harness.handle(request, *STEPS).status is Status.COMPLETED
    harness.notifier.deliver_due()
    assert sorted(harness.mailer.summaries()) == sorted(ALL_MAILS)
    once = ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert harness.statuses() == (once * 2 if place == "tracker.status_sent" else once)
    assert list(harness.requests.active(TENANT)) == []


def test_a_refused_file_is_announced_with_its_reason(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", chunks=2)
    problem = Problem(code="no_rows", title="The file has no rows", detail="Only a header.")
    assert harness.handle(request, FileRefused(at_us=10, problem=problem)).error == problem
    harness.notifier.deliver_due()
    assert "The file has no rows." in harness.mailer.messages[-1].as_string()


def test_an_event_of_no_request_is_poison_and_its_neighbours_go_on(harness: TrackerHarness) -> None:
    request = harness.accept(chunks=2)
    stranger = delivered(TENANT, str(UUID(int=UUID(request.request_id).int ^ 1)), STEPS[0])
    external = delivered("other", request.request_id, STEPS[0])
    for wrong in (stranger, external):
        with pytest.raises(PoisonMessage):
            harness.tracker.handle([wrong, delivered(TENANT, request.request_id, STEPS[0])])
    assert harness.requests.get(TENANT, request.request_id).status is Status.IN_PROGRESS


def test_a_chunk_that_the_file_does_not_have_is_poison_and_counts_nothing(harness: TrackerHarness) -> None:
    request = harness.accept(chunks=2)
    beyond = ChunkDone(at_us=1, chunk=2, rows_read=1, rows_ingested=1, rows_rejected=0)
    with pytest.raises(PoisonMessage):
        harness.handle(request, STEPS[0], beyond, STEPS[2])
    present = harness.requests.get(TENANT, request.request_id)
    assert (present.chunks_done, present.rows_read) == (1, 4)


def test_a_request_that_a_person_cancelled_stays_cancelled_and_is_announced(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", chunks=2)
    harness.handle(request, *STEPS[:2])
    harness.requests.cancel(TENANT, request.request_id)
    ended: Request = harness.handle(request, *STEPS)
    assert (ended.status, ended.rows_read) == (Status.CANCELLED, 3)
    assert harness.statuses() == ["SCHEDULED", "IN_PROGRESS", "CANCELLED"]


def test_one_tenant_that_fails_among_many_leaves_all_to_be_announced_when_the_batch_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(TrackerHarness(tmp_path, pool=4)) as harness:
        tenants = [f"tenant-{number}" for number in range(6)]
        requests = [
            harness.accept("ann@example.com", tenant_id=tenant, chunks=2) for tenant in tenants for _ in range(2)
        ]
        batch = [delivered(request.tenant_id, request.request_id, step) for step in STEPS for request in requests]
        really_replace = harness.store.replace_each

        def failing(changes: Sequence[tuple[Record, bytes]]) -> Any:
            if changes[0][0].tenant_id == tenants[2]:
                raise Unavailable("away")
            return really_replace(changes)

        with monkeypatch.context() as away:
            away.setattr(harness.store, "replace_each", failing)
            with pytest.raises(Unavailable):
                harness.tracker.handle(batch)
        assert harness.statuses() == []
        harness.tracker.handle(batch)
        ends = [harness.requests.get(request.tenant_id, request.request_id) for request in requests]
        assert {(end.status, end.rows_read) for end in ends} == {(Status.COMPLETED, 7)}
        assert sorted(harness.statuses()) == sorted(["SCHEDULED", "IN_PROGRESS", "COMPLETED"] * len(requests))
        assert [list(harness.requests.active(tenant)) for tenant in tenants] == [[]] * len(tenants)
        for request in requests:
            assert len(harness.store.scan(Table.NOTIFICATIONS, request.tenant_id, request.request_id)) == 3


def test_requests_of_one_tenant_are_folded_each_by_itself(harness: TrackerHarness) -> None:
    """One is new, one has ended and is announced, one was ended by hand meanwhile, one there never was."""
    new, done, cancelled = (harness.accept(chunks=2) for _ in range(3))
    harness.handle(done, *STEPS)
    harness.requests.cancel(TENANT, cancelled.request_id)
    batch = [delivered(TENANT, each.request_id, step) for each in (new, done, cancelled) for step in STEPS]
    unknown = delivered(TENANT, str(UUID(int=UUID(new.request_id).int ^ 1)), STEPS[0])
    with pytest.raises(PoisonMessage) as poison:
        harness.tracker.handle([*batch, unknown])
    assert poison.value.source is unknown[0]
    ends = [harness.requests.get(TENANT, each.request_id) for each in (new, done, cancelled)]
    assert [(end.status, set(end.announced_status.values())) for end in ends] == [
        (Status.COMPLETED, {Status.COMPLETED}),
        (Status.COMPLETED, {Status.COMPLETED}),
        (Status.CANCELLED, {Status.CANCELLED}),
    ]
    whole = ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert harness.statuses() == [*whole, *whole, "SCHEDULED", "CANCELLED"]
    assert list(harness.requests.markers.list(TENANT)) == []
