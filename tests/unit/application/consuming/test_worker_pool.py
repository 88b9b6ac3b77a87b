"""The pool: several at once, results in order, and nothing goes on after the caller has been given an error."""

from __future__ import annotations

import threading
from concurrent.futures import ALL_COMPLETED, Future, wait

import pytest

from penstock.application.consuming import worker_pool
from penstock.application.consuming.worker_pool import WorkerPool


def test_results_come_in_the_order_of_the_things_whichever_is_done_first() -> None:
    later = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert later.wait(60)  # so two are at work at once
        else:
            later.set()
        return -number

    assert WorkerPool(2).each(work, [0, 1, 2, 3]) == [0, -1, -2, -3]


@pytest.mark.parametrize(("size", "things"), [(1, [1, 2, 3]), (8, [1]), (8, [])])
def test_where_nothing_can_be_at_once_the_caller_works_itself(size: int, things: list[int]) -> None:
    workers = WorkerPool(size).each(lambda _: threading.get_ident(), things)
    assert workers == [threading.get_ident()] * len(things)


def test_after_a_failure_running_tasks_are_awaited_and_no_others_start(monkeypatch: pytest.MonkeyPatch) -> None:
    failed, cancelled, begun, ended = threading.Event(), threading.Event(), [], []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            failed.set()
            raise LookupError
        assert (cancelled if number else failed).wait(60)
        ended.append(number)

    def waiting(tasks: list[Future[None]], return_when: str = ALL_COMPLETED) -> None:
        if return_when == ALL_COMPLETED:  # for those that run, when the others are cancelled
            cancelled.set()
        wait(tasks, return_when=return_when)

    monkeypatch.setattr(worker_pool, "wait", waiting)
    with pytest.raises(LookupError):
        WorkerPool(2).each(work, range(100))
    assert sorted(ended) == sorted(set(begun) - {1})
    assert len(begun) <= 4  # two at once, and those that took their threads
