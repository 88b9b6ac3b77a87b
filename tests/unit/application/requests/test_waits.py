"""Why a request waits, as a reader of it finds out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.queues import Queues
from penstock.application.requests.waits import KNOWN_SECONDS, Waits
from penstock.domain.dispatching.queue import Place, Queue
from penstock.domain.errors import Corrupt
from penstock.domain.requests.request import Request
from penstock.domain.requests.waiting import WaitsFor
from tests.support.manual_clock import ManualClock

TENANT = "acme"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Queues]:
    with closing(EmbeddedControlStore(tmp_path / "control.db")) as store:
        yield Queues(store)


def request_at(clock: ManualClock) -> Request:
    return Request(
        request_id="r",
        tenant_id=TENANT,
        data_source="crm",
        file_name="f",
        uploaded_by="ann",
        accepted_at=clock.now_us(),
    )


def test_a_place_is_read_again_after_a_moment(queues: Queues, clock: ManualClock) -> None:
    waits, request = Waits(queues, clock, dict), request_at(clock)
    seen = []
    for before in (7, 3):
        queues.store(TENANT, Queue(at_us=clock.now_us(), workers=1, places={"r": Place(before)}))
        for _ in range(2):
            found = waits.of(request)
            assert found is not None
            seen.append(found.requests_before)
        clock.advance(KNOWN_SECONDS)
    assert seen == [7, 7, 3, 3]


def test_outages_of_the_reading_process_have_their_time(queues: Queues, clock: ManualClock) -> None:
    found = Waits(queues, clock, lambda: {"cassandra": 4.0}).of(request_at(clock))
    assert found is not None
    assert (found.reason, found.since_us) == (WaitsFor.SYSTEM, clock.now_us() - 4_000_000)


def test_a_queue_that_was_changed_in_the_database_is_none(
    queues: Queues, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(_: str) -> Queue:
        raise Corrupt("a record was changed")

    monkeypatch.setattr(queues, "of", changed)
    found = Waits(queues, clock, dict).of(request_at(clock))
    assert found is not None
    assert (found.reason, found.requests_before) == (WaitsFor.TURN, None)
