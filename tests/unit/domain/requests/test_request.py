"""The status fold: any order, any duplication, one result."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.errors import Problem, Refused
from penstock.domain.events import ChunkDone, FileRefused, Started, Step
from penstock.domain.requests.pace import RECENT_CHUNKS
from penstock.domain.requests.public_view import eta_seconds, to_public
from penstock.domain.requests.request import Manifest, Request, Status
from penstock.domain.requests.status import apply, cancel, has_chunk, history, revert, violation

SECOND = 1_000_000
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    accepted_at=SECOND,
    chunks_total=20,
)
PROBLEM = Problem(code="truncated_gzip", title="The file is cut off", detail="It ends early.")


def chunk(number: int, ingested: int = 10, rejected: int = 0, at_us: int = 5, dropped: int = 0) -> ChunkDone:
    reasons = {"wrong_field_count": rejected} if rejected else {}
    return ChunkDone(
        at_us=at_us,
        chunk=number,
        rows_read=ingested + rejected,
        rows_ingested=ingested,
        rows_rejected=rejected,
        reject_reasons=reasons,
        dropped_cells={"tel": {"not_a_phone": dropped}, f"column_{number}": {"not_a_date": 1}} if dropped else {},
        blank_words={"tel": {"?": dropped, "n/a": 1}} if dropped else {},
    )


def fold(*steps: Step, start: Request = REQUEST) -> Request:
    return reduce(apply, steps, start)


def of(chunks: int) -> Request:
    return replace(REQUEST, chunks_total=chunks)


times = st.integers(1, 10**9)
chunks = st.builds(
    chunk,
    number=st.just(0),
    ingested=st.integers(0, 5),
    rejected=st.integers(0, 5),
    at_us=times,
    dropped=st.integers(0, 3),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """The steps of one request, as its dispatcher and its workers would send them."""
    done = [replace(step, chunk=number) for number, step in enumerate(draw(st.lists(chunks, max_size=12)))]
    started = [Started(at_us=draw(times))] if draw(st.booleans()) else []
    if done and draw(st.booleans()):
        return [*started, *done]
    return [*started, FileRefused(at_us=draw(times), problem=PROBLEM), *done]


def sized(start: Request, steps: list[Step]) -> Request:
    """With as many chunks as the steps are of; of a refused file, at least one is not done."""
    done = sum(isinstance(step, ChunkDone) for step in steps)
    return replace(start, chunks_total=done + any(isinstance(step, FileRefused) for step in steps))


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """A history, and the same with every step delivered one to three times, shuffled."""
    steps = draw(histories())
    repeated = [step for step in steps for _ in range(draw(st.integers(1, 3)))]
    return steps, draw(st.permutations(repeated))


limits = st.sampled_from([None, "0", "3", "20%", "100%"]).map(lambda limit: replace(REQUEST, max_rejects=limit))


@given(deliveries(), limits)
def test_every_order_and_duplication_gives_the_same_request(
    delivered: tuple[list[Step], list[Step]], start: Request
) -> None:
    steps, shuffled = delivered
    start = sized(start, steps)
    assert fold(*shuffled, start=start) == fold(*steps, start=start)


@given(deliveries(), limits)
def test_counts_add_up_at_every_moment_and_an_end_sticks(
    delivered: tuple[list[Step], list[Step]], start: Request
) -> None:
    request = sized(start, delivered[0])
    for step in delivered[1]:
        before, request = request, apply(request, step)
        assert request.rows_read == request.rows_accepted + request.rows_rejected
        assert request.rows_ingested == (request.rows_accepted if request.status is Status.COMPLETED else 0)
        assert request.chunks_done == sum(has_chunk(request, number) for number in range(20))
        if not before.status.processing:
            assert (request.status, request.finished_at) == (before.status, before.finished_at)
    assert not request.status.processing
    assert (request.finished_at is None) == (request.status is Status.HELD) == (request.hold is not None)
    distinct = {step.chunk: step for step in delivered[0] if isinstance(step, ChunkDone)}
    assert request.rows_accepted == sum(step.rows_ingested for step in distinct.values())
    assert sum(request.reject_reasons.values()) == request.rows_rejected
    dropped = sum(sum(map(sum, map(dict.values, step.dropped_cells.values()))) for step in distinct.values())
    assert sum(to_public(request, 0)["dropped_cells"].values()) == dropped


@given(deliveries(), limits, st.integers(0, 10))
def test_nothing_moves_a_cancelled_request(delivered: tuple[list[Step], list[Step]], start: Request, cut: int) -> None:
    request = fold(*delivered[1][:cut], start=sized(start, delivered[0]))
    if not request.status.ended:
        cancelled = cancel(request, 77)
        assert fold(*delivered[1][cut:], start=cancelled) == cancelled
        assert (cancelled.status, cancelled.finished_at) == (Status.CANCELLED, 77)


def test_a_request_goes_through_its_statuses() -> None:
    started = fold(Started(at_us=3))
    assert (started.status, started.started_at, started.finished_at) == (Status.IN_PROGRESS, 3, None)
    waiting = fold(Started(at_us=3), chunk(1, 8, 2, at_us=9), start=of(2))
    assert (waiting.status, waiting.chunks_done, waiting.chunks_total) == (Status.IN_PROGRESS, 1, 2)
    done = apply(waiting, chunk(0, at_us=7))
    assert (done.status, done.finished_at) == (Status.COMPLETED, 9)
    assert (done.rows_read, done.rows_ingested, done.rows_rejected) == (20, 18, 2)


def test_a_chunk_that_runs_again_later_counts_once_and_moves_no_time() -> None:
    once = fold(Started(at_us=1), chunk(0, at_us=5))
    assert apply(once, chunk(0, at_us=500)) == once


def test_the_work_on_a_chunk_is_a_start_too() -> None:
    done = fold(replace(chunk(0, at_us=900), work_us=250), start=of(1))
    assert (done.status, done.started_at, done.finished_at) == (Status.COMPLETED, 650, 900)
    assert apply(done, Started(at_us=600)).started_at == 600


def test_a_file_that_cannot_be_read_again_keeps_its_first_end() -> None:
    completed = fold(chunk(0), start=of(1))
    assert apply(completed, FileRefused(at_us=500, problem=PROBLEM)) == completed
    refused = fold(FileRefused(at_us=8, problem=PROBLEM))
    assert apply(refused, FileRefused(at_us=500, problem=replace(PROBLEM, code="other"))) == refused


def test_a_file_without_one_good_row_fails_with_a_hint() -> None:
    failed = fold(chunk(0, 0, 3), start=of(1))
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error.code == "no_rows_ingested"
    assert "rejects" in failed.error.faults[0].hint


def test_a_refused_file_fails_with_the_dispatcher_s_problem() -> None:
    failed = fold(FileRefused(at_us=8, problem=PROBLEM))
    assert (failed.status, failed.error, failed.finished_at) == (Status.FAILED, PROBLEM, 8)


def test_a_chunk_that_the_file_does_not_have_is_impossible() -> None:
    of_two = of(2)
    assert violation(of_two, chunk(1)) is None
    assert violation(of_two, chunk(2)) == "chunk 2 is beyond the request's 2 chunks"
    assert violation(REQUEST, chunk(2)) is None


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.REVERTED])
def test_an_ended_request_cannot_be_cancelled(status: Status) -> None:
    with pytest.raises(Refused) as caught:
        cancel(replace(REQUEST, status=status), 9)
    assert caught.value.code == "cannot_cancel"


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.IN_PROGRESS, Status.HELD, Status.FAILED, Status.CANCELLED])
def test_only_a_completed_request_can_be_undone(status: Status) -> None:
    with pytest.raises(Refused) as caught:
        revert(replace(REQUEST, status=status), 9)
    assert caught.value.code == "cannot_revert"
    assert caught.value.faults[0].hint


def test_undoing_and_cancelling_twice_is_the_same_as_once() -> None:
    reverted = revert(replace(REQUEST, status=Status.COMPLETED, finished_at=5), 9)
    assert (reverted.status, reverted.finished_at, reverted.reverted_at) == (Status.REVERTED, 5, 9)
    assert revert(reverted, 10) == reverted
    cancelled = cancel(REQUEST, 9)
    assert cancel(cancelled, 10) == cancelled


def test_history_has_each_status_with_its_time() -> None:
    done = fold(Started(at_us=3), chunk(0, at_us=7), start=of(1))
    path = ((Status.SCHEDULED, SECOND), (Status.IN_PROGRESS, 3), (Status.COMPLETED, 7))
    assert history(done) == path
    assert history(revert(done, 8)) == (*path, (Status.REVERTED, 8))


def test_a_manifest_announces_its_chunk_as_its_worker_did() -> None:
    step = chunk(4, 5, 6, dropped=2)
    manifest = Manifest(
        chunk=4,
        at_us=5,
        rows_read=11,
        rows_ingested=5,
        rows_rejected=6,
        reject_reasons={"wrong_field_count": 6},
        dropped_cells={"tel": {"not_a_phone": 2}, "column_4": {"not_a_date": 1}},
        blank_words={"tel": {"?": 2, "n/a": 1}},
        work_us=7,
    )
    assert manifest.step() == replace(step, work_us=7)


def test_the_estimate_assumes_the_pace_so_far() -> None:
    running = fold(Started(at_us=0), chunk(2, at_us=10 * SECOND), start=of(4))
    assert eta_seconds(running, 10 * SECOND) == 30
    assert eta_seconds(running, 14 * SECOND) == 26
    assert eta_seconds(running, 99 * SECOND) == 20, "the chunk under way is late, the others are not done sooner"
    assert eta_seconds(running, -5 * SECOND) == 30, "a clock that is behind"
    assert eta_seconds(fold(Started(at_us=0), start=of(4)), 10 * SECOND) is None
    assert eta_seconds(fold(Started(at_us=0)), 10 * SECOND) is None
    assert eta_seconds(fold(chunk(0), start=of(1)), 10 * SECOND) is None


def test_the_time_that_the_services_were_dead_is_not_expected_again() -> None:
    night = 8 * 3600 * SECOND
    before = fold(Started(at_us=0), chunk(0, at_us=10 * SECOND), start=of(6))
    resumed = fold(chunk(1, at_us=night), chunk(2, at_us=night + 10 * SECOND), start=before)
    assert eta_seconds(resumed, night + 10 * SECOND) == 30


def test_the_pace_of_late_counts_once_there_are_many_chunks() -> None:
    slow = [chunk(number, at_us=50 * SECOND * (number + 1)) for number in range(10)]
    fast = [chunk(10 + number, at_us=(1000 + number) * SECOND) for number in range(RECENT_CHUNKS)]
    running = fold(Started(at_us=0), *slow, *fast, start=of(10 + RECENT_CHUNKS + 7))
    assert eta_seconds(running, running.last_step_at) == 7


def test_dropped_cells_add_up_by_column_and_reason() -> None:
    request = fold(chunk(0, dropped=2), chunk(1, dropped=3), chunk(0, dropped=2))
    assert request.dropped_cells == {
        "column_0": {"not_a_date": 1},
        "column_1": {"not_a_date": 1},
        "tel": {"not_a_phone": 5},
    }
    assert to_public(request, 0)["dropped_cells"] == {"column_0": 1, "column_1": 1, "tel": 5}


def test_blank_words_add_up_by_column_and_word() -> None:
    request = fold(chunk(0, dropped=2), chunk(1, dropped=3), chunk(0, dropped=2))
    assert to_public(request, 0)["blank_words"] == {"tel": {"?": 5, "n/a": 2}}


def test_the_public_form_has_exactly_the_promised_fields() -> None:
    public = to_public(fold(Started(at_us=1_700_000_000_123_456), chunk(0, 1, 2, at_us=1_700_000_000_123_457)), 0)
    names = (
        "request_id tenant_id data_source file_name uploaded_by status mode mapping_version segment as_of notify"
        " upload_started_at accepted_at started_at held_at finished_at bytes file_options"
        " rows_read rows_accepted rows_ingested rows_rejected max_rejects chunks_done chunks_total reject_reasons"
        " dropped_cells blank_words parent_id corrections replaced_by held waiting error eta_seconds"
    )
    assert list(public) == names.split()
    assert public["accepted_at"] == "1970-01-01T00:00:01.000000Z"
    assert public["started_at"] == "2023-11-14T22:13:20.123456Z"
    assert public["finished_at"] is None
    assert public["reject_reasons"] == {"wrong_field_count": 2}
    assert to_public(fold(FileRefused(at_us=8, problem=PROBLEM)), 0)["error"]["type"] == ("/problems/truncated_gzip")
