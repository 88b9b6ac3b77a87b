"""Sends many statements concurrently: as many as the servers can handle, with retries after transient errors.

The limit follows TCP's rule of additive increase and multiplicative decrease (RFC 5681 §3.1): each success raises it by
a fraction, so that it grows by about one per round of statements; an overload error halves it, once for all statements
that were in flight together.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from penstock.adapters.cluster.cassandra_errors import CASSANDRA
from penstock.domain.errors import Unavailable

FIRST_PAUSE_SECONDS = 0.05
MAX_PAUSE_SECONDS = 5.0


class InFlightLimit:
    """Limits the statements in flight; shared by all threads of a process."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = float(max(1, maximum // 2))
        self._in_flight = 0
        self._cuts = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        return int(self._limit)

    def acquire(self) -> int:
        """Wait until a statement may be sent; returns a ticket for `release`."""
        with self._changed:
            while self._in_flight >= int(self._limit):
                self._changed.wait()
            self._in_flight += 1
            return self._cuts

    def release(self, ticket: int, *, overloaded: bool = False) -> None:
        """Call when the statement has ended. `overloaded`: it failed with an overload error."""
        with self._changed:
            self._in_flight -= 1
            if not overloaded:
                self._limit = min(self._maximum, self._limit + 1 / self._limit)
            elif ticket == self._cuts:
                self._limit = max(1.0, self._limit / 2)
                self._cuts += 1
            self._changed.notify()


class Future(Protocol):
    def add_callbacks(self, callback: Callable[[Any], None], errback: Callable[[Exception], None]) -> object: ...


class _Round:
    """Statements sent together, until the last has succeeded or failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[Any, Exception]] = []
        self.succeeded = False
        self._open = 0
        self._ended = threading.Condition()

    def sent(self) -> None:
        with self._ended:
            self._open += 1

    def ended(self, statement: Any, error: Exception | None) -> None:
        with self._ended:
            if error is None:
                self.succeeded = True
            else:
                self.failures.append((statement, error))
            self._open -= 1
            if not self._open:
                self._ended.notify()

    def wait(self) -> None:
        with self._ended:
            while self._open:
                self._ended.wait()


class BulkExecutor:
    """Sends idempotent statements, in any order, until each has succeeded.

    `send` starts one. Statements are retried after `transient` errors; `overloaded` errors also lower the limit. Gives
    up when none succeeds for `timeout_seconds`.
    """

    def __init__(
        self,
        send: Callable[[Any], Future],
        limit: InFlightLimit,
        *,
        transient: tuple[type[Exception], ...],
        overloaded: tuple[type[Exception], ...],
        timeout_seconds: float,
    ) -> None:
        self._send, self._limit = send, limit
        self._transient, self._overloaded = transient, overloaded
        self._timeout_seconds = timeout_seconds

    def run(self, statements: Iterable[Any]) -> None:
        """Raises `Unavailable` after the timeout; raises an error that is not transient immediately.

        The first failure stops sending: statements in flight are awaited, then comes a pause that grows each time, with
        jitter so that processes do not retry together.
        """
        remaining = iter(statements)
        pause = pauses()
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            round = self._send_until_one_fails(remaining)
            round.wait()
            if not round.failures:
                return
            if round.succeeded:
                pause = pauses()
                deadline = time.monotonic() + self._timeout_seconds
            self._raise_if_final(round, deadline)
            time.sleep(next(pause))
            remaining = chain([statement for statement, _ in round.failures], remaining)

    def _send_until_one_fails(self, statements: Iterator[Any]) -> _Round:
        round = _Round()
        for statement in statements:
            self._start(statement, round)
            if round.failures:
                break
        return round

    def _start(self, statement: Any, round: _Round) -> None:
        ticket = self._limit.acquire()
        round.sent()

        def succeed(_: Any) -> None:
            self._limit.release(ticket)
            round.ended(statement, None)

        def fail(error: Exception) -> None:
            self._limit.release(ticket, overloaded=isinstance(error, self._overloaded))
            round.ended(statement, error)

        try:
            future = self._send(statement)
        except Exception as error:
            fail(error)
        else:
            future.add_callbacks(succeed, fail)

    def _raise_if_final(self, round: _Round, deadline: float) -> None:
        for _, error in round.failures:
            if not isinstance(error, self._transient):
                raise error
        if time.monotonic() > deadline:
            kinds = ", ".join(sorted({type(error).__name__ for _, error in round.failures}))
            raise Unavailable(
                f"Cassandra has accepted no write for {self._timeout_seconds:.0f} s ({kinds}): check that enough of its"
                " nodes run, and their load",
                dependency=CASSANDRA,
            )


def pauses() -> Iterator[float]:
    """Seconds to wait before each retry: doubled each time, half of it random."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards no secret
        pause = min(MAX_PAUSE_SECONDS, pause * 2)
