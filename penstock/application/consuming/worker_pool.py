"""A pool that does the same work on many things, several at once, where each waits for a server most of the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerPool:
    """`size` threads; a pool of one is the caller's own thread."""

    def __init__(self, size: int = 1) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="worker-pool") if size > 1 else None

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> list[R]:
        """What `work` returns for each thing, in their order.

        When one fails no other is begun, those that have begun are awaited, and the error is raised: nothing goes on
        behind the back of a caller who tries again. Not to be called from within `work`.
        """
        if self._pool is None or len(things) < 2:
            return [work(thing) for thing in things]
        tasks = [self._pool.submit(work, thing) for thing in things]
        wait(tasks, return_when=FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        wait(tasks)
        return [task.result() for task in tasks]  # they begin in their order: none was cancelled before one that failed
