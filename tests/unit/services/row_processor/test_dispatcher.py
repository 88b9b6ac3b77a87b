"""The dispatcher sends few chunks at a time, loses none, and lets nobody wait for another one's file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.application.encryption.sealed_objects import index_key
from penstock.application.requests.queues import Queues
from penstock.domain.errors import Corrupt, Unavailable
from penstock.domain.event_codec import decode
from penstock.domain.events import CHUNK_EXPRESS, CHUNK_READY, UPLOAD_REQUESTED, ChunkReady
from penstock.domain.requests.request import Request, Status
from penstock.domain.tenant_limits import TenantLimits
from penstock.ports.event_log import TopicPartition
from penstock.ports.object_store import ObjectRef, ObjectStore
from services.row_processor.dispatcher import ADOPT_SECONDS, EXPRESS_WINDOW, REPORT_SECONDS, WINDOW, Dispatcher
from services.row_processor.queue_reports import QueueReports
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

QUIET_SECONDS = 60.0
SMALL_BODY = messy_file.BODY[: messy_file.BODY.index(b"\n", messy_file.CHUNK_BYTES // 4) + 1]


class Patchy:
    """An object store that does not answer for the keys in `silent`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self.silent = store, set[str]()

    def stat(self, key: str) -> ObjectRef:
        if key in self.silent:
            raise Unavailable("the store of one tenant answers nothing")
        return self._store.stat(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Place:
    """A system whose only part at work is a dispatcher that owns `owned`."""

    def __init__(self, folder: Path) -> None:
        self.driven = DrivenSystem(folder, wrap=Patchy)  # type: ignore[arg-type]
        log = self.driven.system.log
        self.owned = frozenset(TopicPartition(UPLOAD_REQUESTED, at) for at in range(log.partitions(UPLOAD_REQUESTED)))
        self.queues, self.lasting = Queues(self.driven.system.control), dict[str, float]()
        self.dispatcher = self.new_dispatcher()

    def new_dispatcher(self) -> Dispatcher:
        system = self.driven.system
        return Dispatcher(
            log=system.log,
            store=system.control,
            requests=system.requests,
            chunks=system.chunks,
            files=system.files,
            clock=system.clock,
            reports=QueueReports(self.queues, system.clock, lambda: self.lasting),
            limits=system.tenant_limits,
            owned=lambda: self.owned,
            quiet_seconds=QUIET_SECONDS,
        )

    def look(self, seconds: float = ADOPT_SECONDS) -> None:
        """Let time pass, and the dispatcher look at all active requests."""
        self.driven.clock.advance(seconds)
        self.dispatcher.dispatch()

    def sent(self, topic: str = CHUNK_READY) -> list[ChunkReady]:
        log = self.driven.system.log
        messages = [each for at in range(log.partitions(topic)) for each in log.read(topic, at, 0, 10_000)]
        events = [decode(topic, each.value) for each in messages]
        return [event for event in events if isinstance(event, ChunkReady)]

    def chunks(self, request: Request, topic: str = CHUNK_READY) -> Counter[int]:
        """How often each of its chunks was sent."""
        return Counter(event.chunk for event in self.sent(topic) if event.request_id == request.request_id)

    def present(self, request: Request) -> Request:
        return self.driven.system.requests.get(request.tenant_id, request.request_id)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "data")
    with closing(place.driven):
        yield place


def test_a_request_whose_event_was_never_sent_is_found(place: Place) -> None:
    place.dispatcher.dispatch()
    request = place.driven.upload()
    place.look(ADOPT_SECONDS - 1)
    assert place.sent() == []
    place.look(1)
    assert place.chunks(request) == {0: 1, 1: 1}


def test_a_worker_has_one_chunk_to_go_on_with_and_no_more(place: Place) -> None:
    request = place.driven.upload()
    place.look()
    most = 0
    for _ in range(30):
        outstanding = len(place.sent()) - len(
            list(place.driven.system.chunks.manifests(messy_file.TENANT, request.request_id))
        )
        most = max(most, outstanding)
        place.driven.worker.run_once(0)
        place.dispatcher.dispatch()
    assert most == WINDOW
    assert set(place.chunks(request).values()) == {1}
    place.driven.drain()
    assert place.present(request).status is Status.COMPLETED


def test_lost_chunks_are_sent_again_ever_less_often(place: Place) -> None:
    request = place.driven.upload()
    place.look()
    counts = []
    for _ in range(7):
        place.look(QUIET_SECONDS)
        counts.append(place.chunks(request)[0])
    assert counts == [2, 2, 3, 3, 3, 3, 4], "after one, three and seven times the quiet seconds"
    assert place.chunks(request).keys() == {0, 1}


def test_a_dispatcher_that_takes_over_sends_what_is_not_done(place: Place) -> None:
    request = place.driven.upload()
    place.look()
    for _ in range(2):
        place.driven.worker.run_once(0)
    place.dispatcher = place.new_dispatcher()
    place.look()
    assert place.chunks(request) == {0: 1, 1: 1, 2: 1, 3: 1}


def test_nothing_more_of_a_cancelled_request_is_sent_and_others_take_its_place(place: Place) -> None:
    request, other = place.driven.upload(), place.driven.upload(messy_file.OTHER_BODY)
    place.look()
    sent_of = {each.request_id for each in place.sent()}
    cancelled, rest = (request, other) if request.request_id in sent_of else (other, request)
    place.driven.system.requests.cancel(messy_file.TENANT, cancelled.request_id)
    before = place.chunks(cancelled)
    place.look(1)
    assert place.chunks(cancelled) == before
    assert sum(place.chunks(rest).values()) >= WINDOW


def test_a_request_of_one_chunk_goes_express_however_much_waits(place: Place) -> None:
    large = place.driven.upload()
    place.look()
    assert sum(place.chunks(large).values()) == WINDOW
    small = place.driven.upload(SMALL_BODY)
    assert place.driven.dispatching.loop.run_once(0)  # the other dispatcher's; this one finds it as well
    place.look()
    assert set(place.chunks(small, CHUNK_EXPRESS)) == {0}
    assert place.chunks(small) == {}


def test_a_flood_of_small_requests_is_bounded_too(place: Place) -> None:
    for number in range(EXPRESS_WINDOW + 5):
        place.driven.upload(SMALL_BODY + b"%d\n" % number)
    place.look()
    assert len(place.sent(CHUNK_EXPRESS)) == EXPRESS_WINDOW


def test_one_that_owns_nothing_any_more_sends_nothing(place: Place) -> None:
    request = place.driven.upload()
    place.look()
    place.owned = frozenset()
    before = place.chunks(request)
    for _ in range(5):
        place.driven.worker.run_once(0)
        place.look(QUIET_SECONDS)
    assert place.chunks(request) == before


def test_a_request_whose_index_cannot_be_read_now_holds_up_nobody(place: Place) -> None:
    stuck, other = place.driven.upload(), place.driven.upload(messy_file.OTHER_BODY)
    store = place.driven.system.objects
    assert isinstance(store, Patchy)
    store.silent.add(index_key(stuck.object_key))
    place.look()
    assert (place.chunks(stuck), sum(place.chunks(other).values())) == ({}, WINDOW)
    store.silent.clear()
    place.driven.finish(other)
    place.look()
    assert sum(place.chunks(stuck).values()) >= WINDOW


def test_a_file_whose_index_is_gone_fails_its_own_request(place: Place) -> None:
    request = place.driven.upload()
    place.driven.system.objects.delete(index_key(request.object_key))
    (failed,) = place.driven.finish(request)
    assert (failed.status, failed.error and failed.error.code) == (Status.FAILED, "not_found")


def test_a_request_that_cannot_be_read_for_a_moment_keeps_its_place(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = place.driven.upload()
    place.look()
    place.driven.worker.run_once(0)
    with monkeypatch.context() as patch:
        patch.setattr(place.driven.system.requests, "get", _fail)
        place.look(1)
    assert set(place.chunks(request)) == {0, 1}
    place.look()
    assert set(place.chunks(request)) == {0, 1, 2}


def test_chunks_that_the_log_does_not_take_are_sent_when_it_does(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    request = place.driven.upload()
    place.dispatcher.dispatch()
    place.look()
    before = place.chunks(request)
    assert set(before) == {0, 1}
    for _ in range(2):
        place.driven.worker.run_once(0)
    producer = place.dispatcher._producer
    with monkeypatch.context() as patch:
        patch.setattr(producer, "flush", _fail)
        with pytest.raises(Unavailable):
            place.look(1)
    place.look(1)
    assert set(place.chunks(request)) == {0, 1, 2, 3}


def test_a_changed_record_of_one_tenant_holds_up_no_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    system = place.driven.system
    request = place.driven.upload()
    active = system.requests.active

    def of_good_tenants(tenant_id: str) -> Iterator[Request]:
        if tenant_id == "bad":
            raise Corrupt("a record was changed")
        return active(tenant_id)

    monkeypatch.setattr(system.requests, "active", of_good_tenants)
    monkeypatch.setattr(system.control, "tenants", lambda: ["bad", messy_file.TENANT])
    place.look()
    assert set(place.chunks(request)) == {0, 1}


def test_the_last_chunk_of_a_request_that_the_log_does_not_take_is_sent_when_it_does(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.dispatcher.dispatch()
    request = place.driven.upload(SMALL_BODY)
    with monkeypatch.context() as patch:
        patch.setattr(place.dispatcher._producer, "flush", _fail)
        with pytest.raises(Unavailable):
            place.look()
    assert place.chunks(request, CHUNK_EXPRESS) == {}
    place.look(1)
    assert place.chunks(request, CHUNK_EXPRESS) == {0: 2}, "the log may have taken the first one after all"


def test_requests_that_wait_have_places_in_the_queue_of_their_tenant(place: Place) -> None:
    running = place.driven.upload()
    place.look()
    waiting = [place.driven.upload(messy_file.longer(times)) for times in (2, 3)]
    place.look()
    assert place.chunks(running)
    place.look()  # the queue is stored before the new ones are found
    queue = place.queues.of(messy_file.TENANT)
    assert queue is not None
    assert [queue.places[each.request_id].before for each in waiting] == [1, 2]
    assert queue.places[waiting[0].request_id].seconds is None, "no chunk is done yet"
    assert running.request_id not in queue.places


def test_a_queue_has_what_its_dispatcher_waits_for(place: Place) -> None:
    stuck = place.driven.upload()
    store = place.driven.system.objects
    assert isinstance(store, Patchy)
    store.silent.add(index_key(stuck.object_key))
    place.look()
    began_us = place.driven.clock.now_us()
    place.lasting = {"kafka": 7.0}
    place.look()
    queue = place.queues.of(messy_file.TENANT)
    assert queue is not None
    assert queue.outages == {"other": began_us, "kafka": place.driven.clock.now_us() - 7_000_000}
    assert stuck.request_id in queue.places


def test_no_more_requests_of_a_tenant_are_processed_at_once_than_it_may_have(place: Place) -> None:
    system = place.driven.system
    system.tenant_limits.set(messy_file.TENANT, TenantLimits(requests=1))
    small = [place.driven.upload(SMALL_BODY + b"%d\n" % number) for number in range(3)]
    for _ in range(2):
        place.look()
    begun = [each for each in small if place.chunks(each, CHUNK_EXPRESS)]
    assert len(begun) == 1
    queue = place.queues.of(messy_file.TENANT)
    assert queue is not None
    assert (queue.at_once, sorted(each.before for each in queue.places.values())) == (1, [0, 1])
    for each in small:
        place.driven.finish(each)
    assert {place.present(each).status for each in small} == {Status.COMPLETED}


def test_a_limit_that_was_raised_lets_the_others_begin(place: Place) -> None:
    limits = place.driven.system.tenant_limits
    limits.set(messy_file.TENANT, TenantLimits(requests=1))
    small = [place.driven.upload(SMALL_BODY + b"%d\n" % number) for number in range(3)]
    place.look()
    limits.set(messy_file.TENANT, TenantLimits(requests=3))
    for _ in range(2):
        place.look()
    assert all(place.chunks(each, CHUNK_EXPRESS) for each in small)


def test_a_request_that_has_begun_goes_on_with_another_dispatcher_before_anything_new(place: Place) -> None:
    place.driven.system.tenant_limits.set(messy_file.TENANT, TenantLimits(requests=1))
    running = place.driven.upload()
    place.look()
    place.driven.tracker.run_once(0)
    assert place.present(running).status is Status.IN_PROGRESS
    small = place.driven.upload(SMALL_BODY)
    place.dispatcher = place.new_dispatcher()
    place.look()
    assert place.chunks(small, CHUNK_EXPRESS) == {}
    place.driven.finish(running)
    place.driven.finish(small)
    assert place.present(small).status is Status.COMPLETED


def test_limits_that_were_changed_in_the_database_keep_their_tenant_waiting_and_nobody_else(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = place.driven.system.tenant_limits
    small = [place.driven.upload(SMALL_BODY + b"%d\n" % number) for number in range(2)]

    def changed(_: str) -> TenantLimits:
        raise Corrupt("a record was changed")

    with monkeypatch.context() as patch:
        patch.setattr(limits, "of", changed)
        for _ in range(3):
            place.look()
        assert place.sent(CHUNK_EXPRESS) == []
    for _ in range(2):
        place.look()
    assert all(place.chunks(each, CHUNK_EXPRESS) for each in small)
    assert {place.present(each).status for each in small} == {Status.SCHEDULED}


def test_the_backlog_is_what_is_not_done(place: Place) -> None:
    assert place.dispatcher.backlog().chunks == 0
    request = place.driven.upload()
    place.look()
    place.look()
    chunks = place.dispatcher.backlog().chunks
    assert chunks > 3
    place.driven.worker.run_once(0)
    place.look()
    place.look(REPORT_SECONDS)
    assert place.dispatcher.backlog().chunks == chunks - 1
    place.driven.finish(request)
    place.look()
    place.look()
    assert place.dispatcher.backlog() == (0, 0)


def _fail(*_: object) -> None:
    raise Unavailable("the server answers nothing")
