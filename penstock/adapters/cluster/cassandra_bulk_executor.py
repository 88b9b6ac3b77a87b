"""Sending many statements at once: as many in flight as the servers bear, and again what failed by passing.

The limit follows the additive-increase, multiplicative-decrease rule of TCP (RFC 5681 §3.1): a statement that succeeds
raises it by a fraction, so that it grows by about one each time all in flight have succeeded; signs of overload halve
it, once for all that were in flight together.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from penstock.adapters.cluster.cassandra_session import CASSANDRA
from penstock.domain.errors import Unavailable

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0


class InFlightLimit:
    """How many statements may be in flight; shared by all threads of a process."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._limit = float(max(1, largest // 2))
        self._in_flight = 0
        self._cuts = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        return int(self._limit)

    def acquire(self) -> int:
        """Wait for a place; returns a ticket to give back."""
        with self._changed:
            while self._in_flight >= int(self._limit):
                self._changed.wait()
            self._in_flight += 1
            return self._cuts

    def release(self, ticket: int, *, overloaded: bool = False) -> None:
        """Give the place back. `overloaded`: the statement failed in a way that asks for fewer."""
        with self._changed:
            self._in_flight -= 1
            if not overloaded:
                self._limit = min(self._largest, self._limit + 1 / self._limit)
            elif ticket == self._cuts:
                self._limit = max(1.0, self._limit / 2)
                self._cuts += 1
            self._changed.notify()


class Future(Protocol):
    def add_callbacks(self, callback: Callable[[Any], None], errback: Callable[[Exception], None]) -> object: ...


class _Round:
    """Statements that were sent together, until the last has succeeded or failed."""

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
    """Sends statements that may be repeated, in any order, until each has succeeded.

    `send` starts one; `passing` and `overloaded` are the kinds of errors after which it is worth another try, and those
    that ask for fewer at once. Nothing succeeding for `timeout_seconds` is given up.
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
        """Raises `Unavailable` when patience ends, and at once any error that will not pass.

        The first failure stops the sending: what is in flight is awaited, then comes a pause, longer each time, with
        jitter so that a fleet does not come back as one.
        """
        waiting = iter(statements)
        pause = pauses()
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            round = self._send_until_one_fails(waiting)
            round.wait()
            if not round.failures:
                return
            if round.succeeded:
                pause = pauses()
                deadline = time.monotonic() + self._timeout_seconds
            self._raise_lasting(round, deadline)
            time.sleep(next(pause))
            waiting = chain([statement for statement, _ in round.failures], waiting)

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

    def _raise_lasting(self, round: _Round, deadline: float) -> None:
        for _, error in round.failures:
            if not isinstance(error, self._transient):
                raise error
        if time.monotonic() > deadline:
            kinds = ", ".join(sorted({type(error).__name__ for _, error in round.failures}))
            raise Unavailable(
                f"Cassandra has taken no write for {self._timeout_seconds:.0f} s ({kinds}): check that enough of its"
                " nodes run, and their load",
                dependency=CASSANDRA,
            )


def pauses() -> Iterator[float]:
    """Seconds to wait before each new attempt: doubled each time, half of it by chance."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards no secret
        pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
