"""Lightweight transactions of one process, in turns: those that wait for the same partition become one.

Transactions on one partition contend: the servers make all but one wait for up to 100 ms and retry. So those of one
process take turns, and what has come meanwhile goes together, as databases commit their logs in groups.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from penstock.ports.control_store import Table

MAX_CHANGES = 32  # of one transaction, because the servers store it as a whole, several times
MAX_TURN_SECONDS = 1.0  # much longer than a transaction; beyond it the servers hang, and waiting does not help


class Target(NamedTuple):
    """The partition of a table that a transaction changes."""

    table: Table
    tenant_id: str
    partition: str


class _Change:
    """A statement with values for each of some records, which change together or not at all."""

    def __init__(self, statement: str, sorts: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
        self.statement, self.sorts, self.values = statement, frozenset(sorts), values
        self.taken = False  # by a thread whose turn it is
        self.won: bool | None = None  # None as long as it is not decided
        self.error: BaseException | None = None

    @property
    def decided(self) -> bool:
        return self.won is not None or self.error is not None


class Turns:
    """`decide_all` executes a statement with each of these values, as one transaction on one partition, and returns
    whether it was applied. Thread-safe."""

    def __init__(self, decide_all: Callable[[str, Sequence[Sequence[Any]]], bool]) -> None:
        self._decide_all = decide_all
        self._changed = threading.Condition()
        self._busy: set[Target] = set()
        self._waiting: defaultdict[Target, list[_Change]] = defaultdict(list)

    def decide(self, target: Target, statement: str, sorts: Sequence[str], values: Sequence[Sequence[Any]]) -> bool:
        """Whether `statement` was applied with these values, those of the records `sorts`. Raises as `decide_all` does;
        then it may or may not have been."""
        change = _Change(statement, sorts, values)
        with self._changed:
            self._waiting[target].append(change)
        with self.turn(target, until=lambda: change.taken):
            with self._changed:
                together = [] if change.taken else self._take(target, change)
            if together:
                self._decide(together)
        with self._changed:
            self._changed.wait_for(lambda: change.decided)
        if change.error is not None:
            raise change.error
        return bool(change.won)

    @contextmanager
    def turn(self, target: Target, *, until: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Hold the turn of a partition; without it if another one holds it very long, or once `until` says so."""
        with self._changed:
            self._changed.wait_for(lambda: target not in self._busy or until(), MAX_TURN_SECONDS)
            holds = target not in self._busy and not until()
            if holds:
                self._busy.add(target)
        try:
            yield
        finally:
            with self._changed:
                if holds:
                    self._busy.discard(target)
                self._changed.notify_all()

    def _take(self, target: Target, own: _Change) -> list[_Change]:
        """`own` and others that wait for the partition, as many as one transaction may have; no record twice."""
        waiting = self._waiting[target]
        waiting.remove(own)
        together, sorts = [own], set(own.sorts)
        for change in list(waiting):
            fits = change.statement == own.statement and len(sorts) + len(change.sorts) <= MAX_CHANGES
            if fits and sorts.isdisjoint(change.sorts):
                waiting.remove(change)
                together.append(change)
                sorts |= change.sorts
        if not waiting:
            del self._waiting[target]
        for change in together:
            change.taken = True
        return together

    def _decide(self, together: Sequence[_Change]) -> None:
        """Decide all as one; if that changes nothing, each on its own."""
        try:
            won = self._decide_all(together[0].statement, [each for change in together for each in change.values])
        except BaseException as error:  # the end of the process too, for which nobody must wait
            for change in together:
                change.error = error
            return
        if won or len(together) == 1:
            for change in together:
                change.won = won
            return
        for change in together:
            self._decide([change])
