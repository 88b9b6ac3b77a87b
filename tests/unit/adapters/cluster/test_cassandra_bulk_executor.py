"""Statements are sent as fast as the servers bear, again after what passes, and given up when nothing succeeds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.adapters.cluster.cassandra_bulk_executor import BulkExecutor, InFlightLimit
from penstock.domain.errors import Unavailable

WAIT_SECONDS = 60


class Passing(Exception):
    pass


class Overload(Passing):
    pass


class Answered:
    """A statement's end that is known when it is sent: an error, or None for success."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def add_callbacks(self, callback: Callable[[object], None], errback: Callable[[Exception], None]) -> None:
        if self._error is None:
            callback(None)
        else:
            errback(self._error)


class Held:
    """A statement that ends when the test says so."""

    def __init__(self) -> None:
        self._called = threading.Event()

    def add_callbacks(self, callback: Callable[[object], None], errback: Callable[[Exception], None]) -> None:
        self._callback = callback
        self._called.set()

    def succeed(self) -> None:
        assert self._called.wait(WAIT_SECONDS)
        self._callback(None)


def executor(
    send: Callable[[str], object], limit: InFlightLimit | None = None, timeout_seconds: float = 60
) -> BulkExecutor:
    return BulkExecutor(
        send,  # type: ignore[arg-type]
        limit or InFlightLimit(8),
        transient=(Passing,),
        overloaded=(Overload,),
        timeout_seconds=timeout_seconds,
    )


def test_every_statement_is_sent_once_when_all_succeed() -> None:
    sent: list[str] = []

    def send(statement: str) -> Answered:
        sent.append(statement)
        return Answered(None)

    executor(send).run("abc")
    assert sent == ["a", "b", "c"]


def test_a_transient_failure_is_retried_before_the_rest() -> None:
    failures = {"b": [Passing(), Passing()]}
    sent: list[str] = []

    def send(statement: str) -> Answered:
        sent.append(statement)
        waiting = failures.get(statement)
        return Answered(waiting.pop() if waiting else None)

    executor(send).run("abc")
    assert sent == ["a", "b", "b", "b", "c"]


def test_a_send_that_raises_counts_as_a_failure() -> None:
    errors = [Passing()]

    def send(_: str) -> Answered:
        if errors:
            raise errors.pop()
        return Answered(None)

    limit = InFlightLimit(2)
    executor(send, limit).run("ab")
    assert errors == []


def test_a_permanent_failure_is_raised_at_once() -> None:
    def send(statement: str) -> Answered:
        return Answered(KeyError("wrong statement") if statement == "b" else None)

    with pytest.raises(KeyError):
        executor(send).run("abc")


def test_retries_end_when_nothing_succeeds() -> None:
    with pytest.raises(Unavailable, match="Overload"):
        executor(lambda _: Answered(Overload("secret")), timeout_seconds=0).run("a")


def test_the_timeout_starts_again_with_each_success() -> None:
    statements = "abcdefgh"  # each fails once: pauses of 25 ms and more, so that they outlast the timeoutgether
    fails = dict.fromkeys(statements[1:], True)

    def send(statement: str) -> Answered:
        return Answered(Passing() if fails.pop(statement, False) else None)

    executor(send, timeout_seconds=0.1).run(statements)
    assert fails == {}


def test_the_statements_in_flight_stay_within_the_limit() -> None:
    held: list[Held] = []
    arrived = threading.Semaphore(0)

    def send(_: str) -> Held:
        held.append(Held())
        arrived.release()
        return held[-1]

    limit = InFlightLimit(4)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(executor(send, limit).run, "abcdef")
        for _ in range(limit.limit):
            assert arrived.acquire(timeout=WAIT_SECONDS)
        assert not arrived.acquire(timeout=0.05)
        for number in range(6):
            held[number].succeed()
            if number < 4:
                assert arrived.acquire(timeout=WAIT_SECONDS)
        running.result(WAIT_SECONDS)


def test_the_limit_grows_by_about_one_a_round_up_to_the_largest() -> None:
    limit = InFlightLimit(20)
    start = limit.limit
    for _ in range(start + 1):
        limit.release(limit.acquire())
    assert limit.limit == start + 1
    for _ in range(1000):
        limit.release(limit.acquire())
    assert limit.limit == 20


def test_overload_halves_the_limit_once_for_all_that_were_in_flight() -> None:
    limit = InFlightLimit(32)
    tickets = [limit.acquire() for _ in range(10)]
    for ticket in tickets:
        limit.release(ticket, overloaded=True)
    assert limit.limit == 8
    limit.release(limit.acquire(), overloaded=True)
    assert limit.limit == 4


def test_the_limit_never_falls_below_one() -> None:
    limit = InFlightLimit(2)
    for _ in range(10):
        limit.release(limit.acquire(), overloaded=True)
    assert limit.limit == 1


def test_only_overload_shrinks_the_limit() -> None:
    errors: list[Exception] = [Passing(), Passing(), Overload()]
    limit = InFlightLimit(32)
    limits = []

    def send(_: str) -> Answered:
        limits.append(limit.limit)
        return Answered(errors.pop(0) if errors else None)

    executor(send, limit).run("a")
    assert limits == [16, 16, 16, 8]
