"""The reconciler: what no event moves any more still ends, and is announced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from penstock.application.due_work.visits import FOLLOW_UPS, RETRY_SECONDS
from penstock.application.requests.active_markers import ActiveMarker
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.dispatching.owners import SHARDS, Share
from penstock.domain.errors import Unavailable
from penstock.domain.events import Started
from penstock.domain.requests.ids import partition_of
from penstock.domain.requests.request import Manifest, Request, Status
from penstock.ports.control_store import Record, Table
from services.status_tracker.main import QUIET_SECONDS, reconciler
from services.status_tracker.reconcile import LOOK_SECONDS, NEVER_ACCEPTED_US, UNDO_GRACE_US
from tests.support.acceptance import TENANT
from tests.support.dying import Died
from tests.support.failing_control_store import FailingControlStore
from tests.support.tracker_harness import TrackerHarness, steps_of


def manifest(chunk: int) -> Manifest:
    return Manifest(chunk=chunk, at_us=50 + chunk, rows_read=2, rows_ingested=2, rows_rejected=0)


def present(harness: TrackerHarness, request: Request) -> Request:
    return harness.requests.get(TENANT, request.request_id)


def passes(harness: TrackerHarness, seconds: float) -> None:
    """The passes of the tracker's periodic parts in this time."""
    for _ in range(int(seconds)):
        harness.clock.advance(1)
        harness.reconciler.reconcile()
        harness.notifier.deliver_due()


def wait(harness: TrackerHarness, seconds: float = QUIET_SECONDS) -> None:
    """Nothing happens for so long, under the reconciler's eyes."""
    harness.reconciler.reconcile()
    harness.clock.sleep(seconds)
    harness.reconciler.reconcile()


def test_chunks_whose_events_were_lost_are_counted_from_their_manifests(harness: TrackerHarness) -> None:
    request = harness.accept("ann@example.com", chunks=3)
    harness.handle(request, Started(at_us=harness.clock.at_us), manifest(1).step())
    for chunk in range(3):
        harness.chunks.commit(TENANT, request.request_id, manifest(chunk), b"")
    harness.reconciler.reconcile()
    assert present(harness, request).chunks_done == 1  # its events may still be on their way
    wait(harness)
    done = present(harness, request)
    assert (done.status, done.chunks_done, done.rows_ingested) == (Status.COMPLETED, 3, 6)
    assert harness.statuses()[-1] == "COMPLETED"
    assert list(harness.requests.active(TENANT)) == []


def test_a_clock_that_jumps_neither_stops_it_nor_makes_it_hasty(harness: TrackerHarness) -> None:
    request = harness.accept(chunks=2)
    harness.handle(request, Started(at_us=1))
    harness.chunks.commit(TENANT, request.request_id, manifest(0), b"")
    harness.reconciler.reconcile()
    for jump_us in (-3_600_000_000, 7_200_000_000):
        harness.clock.at_us += jump_us
        harness.reconciler.reconcile()
    assert present(harness, request).chunks_done == 0
    wait(harness)
    assert present(harness, request).chunks_done == 1


def test_an_outage_does_not_restart_a_requests_wait(harness: TrackerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one's chunks cannot be read, so that the other is not looked at in that pass."""

    def fail(*_: object) -> None:
        raise Unavailable("Cassandra answers nothing", dependency="cassandra")

    accepted = [harness.accept() for _ in range(2)]
    for request in accepted:
        harness.chunks.commit(TENANT, request.request_id, manifest(0), b"")
    harness.reconciler.reconcile()
    harness.clock.sleep(QUIET_SECONDS)
    with monkeypatch.context() as patch:
        patch.setattr(harness.reconciler._chunks, "manifests", fail)
        with pytest.raises(Unavailable):
            harness.reconciler.reconcile()
    harness.clock.sleep(RETRY_SECONDS)
    harness.reconciler.reconcile()
    assert [present(harness, request).chunks_done for request in accepted] == [1, 1]


def test_cancelling_and_undoing_are_announced_although_no_event_comes(harness: TrackerHarness) -> None:
    cancelled, undone = harness.accept("ann@example.com"), harness.accept("ann@example.com")
    harness.handle(undone, manifest(0).step())
    harness.requests.cancel(TENANT, cancelled.request_id)
    harness.requests.undo(TENANT, undone.request_id)
    harness.reconciler.reconcile()
    harness.reconciler.reconcile()
    assert harness.statuses() == ["SCHEDULED", "CANCELLED", "SCHEDULED", "IN_PROGRESS", "COMPLETED", "REVERTED"]
    harness.notifier.deliver_due()
    assert [mail for mail in harness.mailer.summaries() if "cancelled" in mail or "undone" in mail] == [
        "Upload cancelled: people.tsv to ann@example.com",
        "Upload undone: people.tsv to ann@example.com",
    ]
    assert list(harness.requests.active(TENANT)) == []


def hold(harness: TrackerHarness) -> Request:
    """A request with one reject in ten rows, of which none is allowed; held and announced."""
    request = harness.handle(harness.accept("ann@example.com", max_rejects="0"), *steps_of(1))
    assert (request.status, harness.statuses()) == (Status.HELD, ["SCHEDULED", "IN_PROGRESS", "HELD"])
    return request


def until(request: Request) -> int:
    assert request.hold is not None
    assert request.hold.until_us is not None
    return request.hold.until_us


def test_a_held_request_stays_as_it_is_until_its_time(harness: TrackerHarness) -> None:
    request = hold(harness)
    wait(harness)
    harness.clock.at_us = until(request) - 1
    harness.reconciler.reconcile()
    assert present(harness, request).status is Status.HELD
    assert len(harness.statuses()) == 3
    assert [each.request_id for each in harness.requests.active(TENANT)] == [request.request_id]


def test_a_hold_that_ended_while_no_tracker_ran_expires_and_is_announced_once(harness: TrackerHarness) -> None:
    request = hold(harness)
    harness.clock.at_us = until(request)
    harness.start()
    for _ in range(3):
        harness.reconciler.reconcile()
    expired = present(harness, request)
    assert (expired.status, expired.error and expired.error.code) == (Status.CANCELLED, "hold_expired")
    assert harness.statuses() == ["SCHEDULED", "IN_PROGRESS", "HELD", "CANCELLED"]
    assert list(harness.requests.active(TENANT)) == []


def test_a_held_request_costs_nothing_until_somebody_decides(
    harness: TrackerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = hold(harness)
    harness.reconciler.reconcile()
    looked: list[str] = []
    marked = harness.requests.marked

    def counted(tenant_id: str) -> Iterator[tuple[ActiveMarker, Stored | None]]:
        looked.append(tenant_id)
        return marked(tenant_id)

    monkeypatch.setattr(harness.requests, "marked", counted)
    passes(harness, 2 * sum(FOLLOW_UPS))
    looked.clear()
    harness.clock.advance(3_600)
    passes(harness, 60)
    assert looked == []
    harness.requests.approve(TENANT, request.request_id)
    passes(harness, LOOK_SECONDS)
    assert harness.statuses()[-1] == "COMPLETED"


def test_a_hold_ends_in_time_without_a_hint(harness: TrackerHarness) -> None:
    request = hold(harness)
    harness.reconciler.reconcile()
    left_seconds = (until(request) - harness.clock.now_us()) / 1e6
    harness.clock.advance(left_seconds - 30)
    passes(harness, 20)
    assert present(harness, request).status is Status.HELD
    passes(harness, 20)
    assert present(harness, request).status is Status.CANCELLED


def test_a_thousand_idle_tenants_cost_a_pass_no_more_than_none(
    harness: TrackerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_000):
        harness.store.create(Table.DATA_KEYS, f"idle-{number}", "general", "1", b"wrapped")
    passes(harness, 2)
    scans: list[Table] = []
    scan = harness.store.scan

    def counted(table: Table, *arguments: Any, **named: Any) -> list[Record]:
        scans.append(table)
        return scan(table, *arguments, **named)

    monkeypatch.setattr(harness.store, "scan", counted)
    passes(harness, 30)
    assert set(scans) == {Table.DUE_WORK}
    assert len(scans) <= (30 + 30 / LOOK_SECONDS) * SHARDS


def test_only_the_tenants_of_the_share_are_looked_after(harness: TrackerHarness) -> None:
    shares = [Share(frozenset({partition}), 2) for partition in range(2)]
    own, other = sorted(shares, key=lambda share: not share.has(TENANT))
    cancelled = harness.accept()
    harness.requests.cancel(TENANT, cancelled.request_id)
    reconciler(harness.system, share=lambda: other).reconcile()
    assert harness.statuses() == []
    reconciler(harness.system, share=lambda: own).reconcile()
    assert harness.statuses() == ["SCHEDULED", "CANCELLED"]


def test_each_transition_of_an_approved_request_is_mailed_once(harness: TrackerHarness) -> None:
    request = hold(harness)
    harness.requests.approve(TENANT, request.request_id)
    for _ in range(3):
        harness.reconciler.reconcile()
        harness.handle(request, *steps_of(1))
        harness.notifier.deliver_due()
    assert harness.mailer.summaries() == [
        f"Upload {reached}: people.tsv to ann@example.com"
        for reached in (
            "accepted",
            "in progress",
            *(f"{end}, 1 of 10 rows rejected (10.0%)" for end in ("held", "completed")),
        )
    ]
    assert list(harness.requests.active(TENANT)) == []


def test_an_undo_that_died_after_its_mark_leaves_nothing_for_ever(harness: TrackerHarness) -> None:
    request = harness.accept()
    done = harness.handle(request, manifest(0).step())
    failing = FailingControlStore(harness.store, fatal=2, done=False)
    requests = Requests(failing, harness.clock)  # type: ignore[arg-type]
    try:
        requests.undo(TENANT, request.request_id)
    except Died:
        harness.reconciler.reconcile()
    assert failing.died
    assert list(harness.requests.active(TENANT)) == [done]
    harness.clock.at_us += UNDO_GRACE_US + 1
    harness.reconciler.reconcile()
    assert list(harness.requests.active(TENANT)) == []
    assert harness.statuses()[-1] == "COMPLETED"


def test_an_acceptance_that_never_finished_is_left_for_its_retry(harness: TrackerHarness) -> None:
    request = harness.accept()
    harness.store.delete(Table.REQUESTS, TENANT, partition_of(request.request_id), request.request_id)
    wait(harness)
    assert [marker.request_id for marker in harness.requests.markers.list(TENANT)] == [request.request_id]
    harness.clock.at_us += NEVER_ACCEPTED_US + 1
    harness.reconciler.reconcile()
    assert list(harness.requests.markers.list(TENANT)) == []
