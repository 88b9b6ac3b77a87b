"""Transactions that wait for one partition become one, and each caller learns what became of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from penstock.adapters.cluster.cassandra_turns import MAX_CHANGES, Target, Turns
from penstock.domain.errors import Unavailable
from penstock.ports.control_store import Table
from tests.support.waiting import until

HERE, ELSEWHERE = (Target(Table.REQUESTS, "t", partition) for partition in ("1", "2"))


class Servers:
    """Holds each transaction until it is let go; refuses what changes one of `existing`, as a whole."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self.existing: set[str] = set()
        self.outage: Unavailable | None = None
        self._held = threading.Semaphore(0)

    def decide_all(self, _: str, values: Sequence[Sequence[Any]]) -> bool:
        names = [each[0] for each in values]
        self.transactions.append(names)
        self._held.acquire()
        if self.outage is not None:
            raise self.outage
        won = self.existing.isdisjoint(names)
        if won:
            self.existing.update(names)
        return won

    def let_go(self, count: int = 1) -> None:
        self._held.release(count)


class Place:
    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.servers = Servers()
        self.turns, self._threads = Turns(self.servers.decide_all), threads

    def change(self, *names: str, target: Target = HERE, statement: str = "create") -> Future[bool]:
        return self._threads.submit(self.turns.decide, target, statement, names, [(name,) for name in names])

    def begin(self, name: str = "first") -> Future[bool]:
        """A transaction that the servers have, and hold."""
        changing = self.change(name)
        until(lambda: self.servers.transactions == [[name]])
        return changing

    def queue(self, *changes: Sequence[str], **named: Any) -> list[Future[bool]]:
        """Changes that wait for their turn."""
        before = len(self.turns._waiting[HERE])
        queued = [self.change(*names, **named) for names in changes]
        until(lambda: len(self.turns._waiting[HERE]) == before + len(changes))
        return queued


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Where nobody loses patience on a slow machine."""
    monkeypatch.setattr("penstock.adapters.cluster.cassandra_turns.MAX_TURN_SECONDS", 600.0)
    with ThreadPoolExecutor(100) as threads:
        yield Place(threads)


def test_changes_that_come_during_a_transaction_go_together_after_it(place: Place) -> None:
    first, others = place.begin(), place.queue(["a"], ["b", "c"], ["d"])
    place.servers.let_go(2)
    assert [each.result(10) for each in (first, *others)] == [True] * 4
    assert [sorted(each) for each in place.servers.transactions] == [["first"], ["a", "b", "c", "d"]]


def test_partitions_do_not_wait_for_each_other(place: Place) -> None:
    here, there = place.begin(), place.change("there", target=ELSEWHERE)
    until(lambda: len(place.servers.transactions) == 2)
    place.servers.let_go(2)
    assert here.result(10)
    assert there.result(10)


def test_one_that_is_refused_spoils_no_other(place: Place) -> None:
    place.servers.existing.add("old")
    first, others = place.begin(), place.queue(["a"], ["old"], ["b"])
    place.servers.let_go(5)
    assert first.result(10)
    assert [each.result(10) for each in others] == [True, False, True]


def test_of_two_that_create_the_same_record_one_wins(place: Place) -> None:
    first, others = place.begin(), place.queue(["same"], ["same"])
    place.servers.let_go(3)
    assert first.result(10)
    assert sorted(each.result(10) for each in others) == [False, True]


def test_other_statements_go_apart(place: Place) -> None:
    first = place.begin()
    others = place.queue(["a"]) + place.queue(["b"], statement="replace")
    place.servers.let_go(3)
    assert [each.result(10) for each in (first, *others)] == [True] * 3
    assert [len(each) for each in place.servers.transactions] == [1, 1, 1]


def test_a_transaction_has_a_bounded_number_of_changes(place: Place) -> None:
    first, others = place.begin(), place.queue(*([str(number)] for number in range(MAX_CHANGES + 8)))
    place.servers.let_go(3)
    assert all(each.result(10) for each in (first, *others))
    assert sorted(len(each) for each in place.servers.transactions) == [1, 8, MAX_CHANGES]


def test_an_outage_is_raised_to_each_caller(place: Place) -> None:
    first, others = place.begin(), place.queue(["a"], ["b"])
    place.servers.outage = Unavailable("the servers do not answer")
    place.servers.let_go(2)
    for each in (first, *others):
        with pytest.raises(Unavailable):
            each.result(10)
    assert len(place.servers.transactions) == 2


def test_nobody_waits_long_for_a_transaction_that_hangs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.adapters.cluster.cassandra_turns.MAX_TURN_SECONDS", 0.05)
    hanging, other = place.begin(), place.change("a")
    until(lambda: ["a"] in place.servers.transactions)
    place.servers.let_go(2)
    assert hanging.result(10)
    assert other.result(10)
