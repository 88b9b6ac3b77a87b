"""Decisions about a held request, on the embedded control store: one of them wins, and the others learn which."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.requests import Requests
from penstock.domain.errors import NotFound, Refused
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.hold import HOLD_US, schedule_expiry
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply
from tests.support.acceptance import TENANT as T
from tests.support.acceptance import new_request, plan_for
from tests.support.manual_clock import START_US as NOW_US
from tests.support.manual_clock import ManualClock
from tests.support.tracker_harness import steps_of

NEW = new_request("ann@example.com")
REPLACING = replace(NEW, mode=Mode.REPLACE, max_rejects="5%")  # each step has one reject in ten rows


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def requests(tmp_path: Path, clock: ManualClock) -> Iterator[Requests]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield Requests(store, clock)
    store.close()


def ingested(requests: Requests, new: object = NEW) -> Request:
    request, *_ = requests.accept(new, idempotency_key=None, fingerprint="f", plan_for=plan_for)  # type: ignore[arg-type]
    return requests.update(
        T, request.request_id, lambda present: schedule_expiry(reduce(apply, steps_of(1), present), NOW_US)
    )[1]


def test_a_held_replacement_changes_nothing_until_it_is_approved(requests: Requests) -> None:
    old, held = ingested(requests), ingested(requests, REPLACING)
    assert (old.status, held.status) == (Status.COMPLETED, Status.HELD)
    both = [old.request_id, held.request_id]
    assert set(requests.visible(T, both).by_id) == {old.request_id}
    approved = requests.approve(T, held.request_id)
    assert (approved.status, set(requests.visible(T, both).by_id)) == (Status.COMPLETED, {held.request_id})
    assert requests.approve(T, held.request_id) == approved


def test_a_held_request_stays_marked_so_that_its_end_is_announced(requests: Requests) -> None:
    held = ingested(requests, REPLACING)
    assert [each.request_id for each in requests.active(T)] == [held.request_id]
    requests.approve(T, held.request_id)
    assert [each.status for each in requests.active(T)] == [Status.COMPLETED]


def test_an_unknown_request_is_not_found(requests: Requests) -> None:
    with pytest.raises(NotFound):
        requests.approve(T, "no such request")


@pytest.mark.parametrize("attempt", range(10))
def test_of_decisions_at_once_one_wins_and_stays(requests: Requests, clock: ManualClock, attempt: int) -> None:
    held = requests.stored(T, ingested(requests, REPLACING).request_id)
    clock.at_us = NOW_US + HOLD_US
    request_id = held.request.request_id

    def decide(number: int) -> Status | None:
        acts = (
            lambda: requests.approve(T, request_id).status,
            lambda: requests.cancel(T, request_id).status,
            lambda: requests.expire(held).request.status,
        )
        try:
            return acts[(number + attempt) % 3]()
        except Refused:
            return None

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(decide, range(6)))
    end = requests.get(T, request_id)
    assert end.status in (Status.COMPLETED, Status.CANCELLED)
    assert set(answers) <= {end.status, None}
    assert (end.error is None) or end.status is Status.CANCELLED


def test_a_hold_read_earlier_expires_only_if_it_is_still_undecided(requests: Requests, clock: ManualClock) -> None:
    seen = requests.stored(T, ingested(requests, REPLACING).request_id)
    approved = requests.approve(T, seen.request.request_id)
    clock.at_us = NOW_US + HOLD_US
    assert requests.expire(seen).request == approved
