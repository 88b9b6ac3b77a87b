"""The reconciler: what no event moves any more still ends, and is told."""

from __future__ import annotations

import pytest

from penstock.application.requests.requests import Requests
from penstock.domain.errors import Unavailable
from penstock.domain.events import UPLOAD_REQUESTED, Split, Started, UploadRequested
from penstock.domain.requests.request import Manifest, Request, Status
from penstock.ports.control_store import Table
from services.status_tracker.reconcile import UNDO_GRACE_US
from tests.support.acceptance import TENANT
from tests.support.failing_control_store import Died, FailingControlStore
from tests.support.status_tracker import QUIET_SECONDS, World


def manifest(chunk: int) -> Manifest:
    return Manifest(chunk=chunk, at_us=50 + chunk, rows_read=2, rows_ingested=2, rows_rejected=0)


def present(world: World, request: Request) -> Request:
    return world.requests.get(TENANT, request.request_id)


def wait(world: World, seconds: float = QUIET_SECONDS) -> None:
    """Nothing happens for so long, under the reconciler's eyes."""
    world.reconciler.reconcile()
    world.clock.sleep(seconds)
    world.reconciler.reconcile()


def test_an_upload_event_that_was_never_sent_is_sent_after_a_while(world: World) -> None:
    request = world.accept()
    wait(world, QUIET_SECONDS - 0.5)
    assert world.published(UPLOAD_REQUESTED) == []
    wait(world, 0.5)
    world.reconciler.reconcile()
    [event] = world.published(UPLOAD_REQUESTED)
    assert isinstance(event, UploadRequested)
    assert (event.request_id, event.object_key, event.object_size) == (request.request_id, "acme/files/1", 99)


def test_a_queue_that_is_just_slow_is_not_flooded(world: World) -> None:
    world.accept()
    for _ in range(64):
        wait(world)
    assert len(world.published(UPLOAD_REQUESTED)) == 6  # after 1, 2, 4, 8, 16 and 32 times the patience


def test_a_clock_that_jumps_neither_stops_it_nor_makes_it_hasty(world: World) -> None:
    world.accept()
    world.reconciler.reconcile()
    for jump_us in (-3_600_000_000, 7_200_000_000):
        world.clock.at_us += jump_us
        world.reconciler.reconcile()
    assert world.published(UPLOAD_REQUESTED) == []
    wait(world)
    assert len(world.published(UPLOAD_REQUESTED)) == 1


def test_chunks_whose_events_were_lost_are_counted_from_their_manifests(world: World) -> None:
    request = world.accept("ann@example.com")
    started = world.clock.at_us
    world.handle(request, Started(at_us=started), Split(at_us=started, chunks=3, bytes=9), manifest(1).step())
    for chunk in range(3):
        world.chunks.commit(TENANT, request.request_id, manifest(chunk), b"")
    world.reconciler.reconcile()
    assert present(world, request).chunks_done == 1  # its events may still be on their way
    wait(world)
    done = present(world, request)
    assert (done.status, done.chunks_done, done.rows_ingested) == (Status.COMPLETED, 3, 6)
    assert world.statuses()[-1] == "COMPLETED"
    assert world.published(UPLOAD_REQUESTED) == []
    assert list(world.requests.active(TENANT)) == []


def test_a_split_that_was_lost_is_made_again(world: World) -> None:
    request = world.accept()
    world.handle(request, manifest(0).step())
    world.chunks.commit(TENANT, request.request_id, manifest(0), b"")
    wait(world)
    assert len(world.published(UPLOAD_REQUESTED)) == 1
    assert present(world, request).status is Status.IN_PROGRESS


def test_what_people_do_is_told_although_no_event_comes(world: World) -> None:
    cancelled, undone = world.accept("ann@example.com"), world.accept("ann@example.com")
    world.handle(undone, Split(at_us=1, chunks=1, bytes=9), manifest(0).step())
    world.requests.cancel(TENANT, cancelled.request_id)
    world.requests.undo(TENANT, undone.request_id)
    world.reconciler.reconcile()
    world.reconciler.reconcile()
    assert world.statuses() == ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "SCHEDULED", "CANCELLED", "REVERTED"]
    world.notifier.send_due()
    assert [told for told in world.mailer.told() if "cancelled" in told or "undone" in told] == [
        "Upload cancelled: people.tsv to ann@example.com",
        "Upload undone: people.tsv to ann@example.com",
    ]
    assert list(world.requests.active(TENANT)) == []


def test_an_undo_that_died_after_its_mark_leaves_nothing_for_ever(world: World) -> None:
    request = world.accept()
    done = world.handle(request, Split(at_us=1, chunks=1, bytes=9), manifest(0).step())
    failing = FailingControlStore(world.store, fatal=1, done=False)
    requests = Requests(failing, world.clock)  # type: ignore[arg-type]
    try:
        requests.undo(TENANT, request.request_id)
    except Died:
        world.reconciler.reconcile()
    assert failing.died
    assert list(world.requests.active(TENANT)) == [done]
    world.clock.at_us += UNDO_GRACE_US + 1
    world.reconciler.reconcile()
    assert list(world.requests.active(TENANT)) == []
    assert world.statuses()[-1] == "COMPLETED"


def test_an_acceptance_that_never_finished_is_left_for_its_retry(world: World) -> None:
    request = world.accept()
    world.store.delete(Table.REQUESTS, TENANT, "", request.request_id)
    wait(world)
    assert world.published(UPLOAD_REQUESTED) == []
    assert [mark.request_id for mark in world.requests.marks(TENANT)] == [request.request_id]


def test_an_outage_makes_no_request_wait_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one's event cannot be sent, so that the others are not looked at in that pass."""

    def fail(timeout: float | None = None) -> None:
        raise Unavailable("Kafka answers nothing", dependency="kafka")

    accepted = [world.accept().request_id for _ in range(3)]
    world.reconciler.reconcile()
    world.clock.sleep(QUIET_SECONDS)
    with monkeypatch.context() as patch:
        patch.setattr(world.reconciler._producer, "flush", fail)
        with pytest.raises(Unavailable):
            world.reconciler.reconcile()
    world.reconciler.reconcile()
    sent = {event.request_id for event in world.published(UPLOAD_REQUESTED) if isinstance(event, UploadRequested)}
    assert sent == set(accepted)
