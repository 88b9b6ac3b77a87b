"""The picture of a data source's last imports."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from penstock.documents.requests import RequestView
from penstock.domain.requests.request import Status
from services.uploader.console.trend import HEIGHT, WIDTH, trend


def request(
    read: int,
    rejected: int,
    parent_id: str | None = None,
    status: Status = Status.COMPLETED,
    replaced_by: str | None = None,
) -> RequestView:
    counts = {"rows_read": read, "rows_rejected": rejected, "status": status, "replaced_by": replaced_by}
    return cast(RequestView, {"accepted_at": "2026-11-25T08:00:00Z", "parent_id": parent_id, **counts})


counts = st.integers(0, 10**9).flatmap(lambda read: st.tuples(st.just(read), st.integers(0, read)))


@given(st.lists(counts, max_size=20))
def test_each_bar_is_in_the_picture_and_shows_what_is_not_none(all_counts: list[tuple[int, int]]) -> None:
    bars = trend(request(*each) for each in all_counts).bars
    drawn = [(read, rejected) for read, rejected in reversed(all_counts) if read]
    assert len(bars) == len(drawn)
    for bar, (read, rejected) in zip(bars, drawn, strict=True):
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH + 0.1
        assert 0 < bar.good + bar.bad <= HEIGHT + 0.1
        assert (bar.bad > 0) == (rejected > 0)
        assert f"{read:,} rows, {rejected:,} rejected" in bar.words


def test_the_newest_import_is_the_last_bar() -> None:
    drawn = trend([request(10, 1), request(400, 0)])
    assert [bar.words.partition(": ")[2] for bar in drawn.bars] == ["400 rows, 0 rejected", "10 rows, 1 rejected"]
    assert drawn.words == "2 imports: up to 400 rows, 0.2 % rejected."
    assert trend([request(0, 0)]).words == "No import has read rows yet."


def test_corrections_have_no_bar() -> None:
    assert trend([request(2, 2, parent_id="r1"), request(400, 2)]) == trend([request(400, 2)])


def test_imports_that_no_longer_count_are_marked_and_not_summed_up() -> None:
    undone, cancelled = request(900, 900, status=Status.REVERTED), request(500, 0, status=Status.CANCELLED)
    drawn = trend([undone, request(400, 4), cancelled, request(300, 3), request(20, 0, status=Status.HELD)])
    assert [bar.counts for bar in drawn.bars] == [True, True, False, True, False]
    assert [round(bar.good + bar.bad) for bar in drawn.bars] == [5, 72, HEIGHT, HEIGHT, HEIGHT], "to the scale of 400"
    assert drawn.bars[-1].words.endswith("900 rows, 900 rejected; undone")
    assert drawn.bars[2].words.endswith("; cancelled")
    assert (
        drawn.words == "3 imports: up to 400 rows, 1.0 % rejected. 2 more were replaced, undone, failed or cancelled."
    )
    assert trend([undone]).words == "1 import was replaced, undone, failed or cancelled."


def test_a_replaced_import_is_marked_as_one_that_no_longer_counts() -> None:
    drawn = trend([request(400, 4), request(900, 900, replaced_by="r2")])
    assert [bar.counts for bar in drawn.bars] == [False, True]
    assert drawn.bars[0].words.endswith("; replaced")
    assert drawn.words.startswith("One import: 400 rows, 1.0 % rejected. 1 more was replaced")
