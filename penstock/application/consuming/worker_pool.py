"""A thread pool for the same work on many items, where each item mostly waits for a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerPool:
    """`size` threads; a pool of one uses the caller's thread."""

    def __init__(self, size: int = 1) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="worker-pool") if size > 1 else None

    def each(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The results of `work` for each item, in order.

        When one fails, no other starts, running ones are awaited, and the error is raised. So nothing still runs when
        the caller retries. Must not be called from within `work`.
        """
        if self._pool is None or len(items) < 2:
            return [work(item) for item in items]
        tasks = [self._pool.submit(work, item) for item in items]
        wait(tasks, return_when=FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        wait(tasks)
        return [task.result() for task in tasks]  # tasks start in order: the failed one comes before all cancelled ones
