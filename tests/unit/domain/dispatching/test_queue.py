"""The places of waiting requests, against a plain simulation of the lanes that take turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dispatching.lanes import Lanes
from penstock.domain.dispatching.queue import MAX_PLACES, Place, Waiting, places

SECOND_US = 1_000_000


def _sent_before(lanes: dict[str, list[Waiting]], tenant_id: str, request_id: str) -> int:
    """How many chunks the lanes send before the first one of a request."""
    left = {each.request_id: each.left for lane in lanes.values() for each in lane}
    waiting = Lanes()
    for owner in [tenant_id, *(each for each in lanes if each != tenant_id)]:
        for each in lanes[owner]:
            waiting.put(owner, each.request_id, each.left)
    sent = 0
    while (turn := waiting.take()) is not None:
        if turn.request_id == request_id:
            return sent
        sent += 1
        left[turn.request_id] -= 1
        if left[turn.request_id]:
            waiting.put(turn.tenant_id, turn.request_id, left[turn.request_id])
    raise AssertionError(request_id)


sizes = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(st.lists(sizes, min_size=1, max_size=4), st.integers(0, 5))
def test_the_seconds_are_those_that_taking_turns_needs(of_tenants: list[list[int]], outstanding: int) -> None:
    lanes = {
        f"t{tenant}": [Waiting(f"t{tenant}-{at}", left, has_begun=False) for at, left in enumerate(lane)]
        for tenant, lane in enumerate(of_tenants)
    }
    found = places(lanes, outstanding=outstanding, chunk_us=SECOND_US)
    for tenant_id, lane in lanes.items():
        ordered = [each.request_id for each in sorted(lane, key=lambda each: (each.left, each.request_id))]
        for before, request_id in enumerate(ordered):
            place = found[tenant_id][request_id]
            assert place.before == before
            exact = outstanding + _sent_before(lanes, tenant_id, request_id)
            assert place.seconds is not None
            assert abs(place.seconds - exact) <= len(lanes) - 1  # a tenant may have its turn before or after another


def test_a_request_that_has_begun_has_no_place_and_comes_before_those_with_more_left() -> None:
    lane = [Waiting("a", 2, has_begun=True), Waiting("b", 5, has_begun=False)]
    assert places({"t": lane}, outstanding=1, chunk_us=SECOND_US) == {"t": {"b": Place(1, 3)}}


def test_while_the_pace_is_unknown_there_is_a_place_without_a_time() -> None:
    lane = [Waiting("a", 2, has_begun=False)]
    assert places({"t": lane}, outstanding=4, chunk_us=None) == {"t": {"a": Place(0, None)}}


def test_of_very_many_the_first_have_places() -> None:
    lane = [Waiting(f"{at:05d}", 1, has_begun=False) for at in range(MAX_PLACES + 7)]
    found = places({"t": lane}, outstanding=0, chunk_us=1)["t"]
    assert sorted(found) == [each.request_id for each in lane[:MAX_PLACES]]
