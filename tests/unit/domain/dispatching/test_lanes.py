"""Tenants take turns; within a tenant the request with the least left comes first."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dispatching.lanes import Lanes

REQUESTS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5)), st.integers(1, 8), min_size=1, max_size=12
)


def named(tenant: str, number: int) -> str:
    return f"{tenant}{number}"


def order_of(requests: dict[tuple[str, int], int]) -> list[str]:
    """The requests in the order of their chunks, until nothing is left."""
    lanes, left = Lanes(), {named(*request): chunks for request, chunks in requests.items()}
    for (tenant, number), chunks in requests.items():
        lanes.put(tenant, named(tenant, number), chunks)
    taken = []
    while turn := lanes.take():
        taken.append(turn.request_id)
        left[turn.request_id] -= 1
        if left[turn.request_id]:
            lanes.put(turn.tenant_id, turn.request_id, left[turn.request_id])
    return taken


@given(REQUESTS)
def test_every_chunk_has_its_turn_once(requests: dict[tuple[str, int], int]) -> None:
    assert Counter(order_of(requests)) == {named(*request): chunks for request, chunks in requests.items()}


@given(REQUESTS)
def test_no_tenant_has_two_turns_while_another_waits(requests: dict[tuple[str, int], int]) -> None:
    taken = [request[0] for request in order_of(requests)]
    for at, (one, next_one) in enumerate(pairwise(taken)):
        assert one != next_one or set(taken[at + 1 :]) == {one}


@given(REQUESTS)
def test_a_request_with_less_left_is_done_before_the_others_of_its_tenant(
    requests: dict[tuple[str, int], int],
) -> None:
    taken = order_of(requests)
    for tenant in {request[0] for request in requests}:
        own = [request_id for request_id in taken if request_id[0] == tenant]
        ends = {request_id: at for at, request_id in enumerate(own)}
        by_size = sorted((chunks, named(*request)) for request, chunks in requests.items() if request[0] == tenant)
        assert sorted(ends, key=lambda each: ends[each]) == [request_id for _, request_id in by_size]


def test_a_large_file_of_one_tenant_waits_for_its_small_one_and_not_for_another_tenants_files() -> None:
    requests = {("a", 1): 4, ("a", 2): 1, ("b", 1): 4, ("b", 2): 4}
    assert order_of(requests)[:5] == ["a2", "b1", "a1", "b1", "a1"]


def test_a_request_that_was_dropped_has_no_turn() -> None:
    lanes = Lanes()
    lanes.put("a", "a1", 2)
    lanes.put("a", "a2", 3)
    lanes.drop("a1")
    lanes.drop("unknown")
    assert len(lanes) == 1
    assert [lanes.take(), lanes.take()] == [("a", "a2"), None]


def test_a_request_counts_with_what_it_has_left_now() -> None:
    lanes = Lanes()
    lanes.put("a", "a1", 5)
    lanes.put("a", "a2", 3)
    lanes.put("a", "a1", 1)
    assert [lanes.take(), lanes.take(), lanes.take()] == [("a", "a1"), ("a", "a2"), None]
