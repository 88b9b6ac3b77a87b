"""Rows a second over a request's run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.requests.request import Request
from penstock.domain.requests.throughput import MAX_POINTS, Rate, average_rate, throughput

BEGAN = 1_000_000
CHUNKS = st.lists(st.tuples(st.integers(BEGAN, 10**10), st.integers(0, 10**6)), min_size=1, max_size=500)


@given(CHUNKS)
def test_the_rates_are_bounded_and_account_for_every_row(chunks: list[tuple[int, int]]) -> None:
    rates = throughput(chunks, BEGAN)
    assert 1 <= len(rates) <= MAX_POINTS
    length_us = max(1, max(at_us for at_us, _ in chunks) - BEGAN)
    rows = sum(rate.rows_per_second for rate in rates) * length_us / len(rates) / 1_000_000
    lost = len(rates) * length_us / len(rates) / 1_000_000  # each rate is rounded down
    assert sum(count for _, count in chunks) - lost - 1 <= rows <= sum(count for _, count in chunks) + 1


@given(CHUNKS)
def test_the_order_in_which_chunks_are_read_does_not_matter(chunks: list[tuple[int, int]]) -> None:
    assert throughput(chunks, BEGAN) == throughput(reversed(chunks), BEGAN)


def test_a_slow_half_shows() -> None:
    chunks = [(BEGAN + 500_000 * at, 1000) for at in range(1, 5)] + [(BEGAN + 4_000_000, 1000)]
    assert throughput(chunks, BEGAN) == [Rate(BEGAN + 2_000_000, 1500), Rate(BEGAN + 4_000_000, 1000)]


def test_without_a_finished_chunk_there_is_no_rate() -> None:
    assert throughput([], BEGAN) == []


def test_the_average_is_that_until_the_latest_finished_chunk() -> None:
    request = Request(request_id="r", tenant_id="acme", data_source="crm", file_name="f", uploaded_by="ann")
    running = replace(request, started_at=BEGAN, last_step_at=3 * BEGAN, rows_read=232_110)
    assert average_rate(running) == 116_055
    assert average_rate(request) is None
    assert average_rate(replace(running, last_step_at=BEGAN)) is None
