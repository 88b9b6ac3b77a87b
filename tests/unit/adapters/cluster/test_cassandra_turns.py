"""Transactions of one process on one partition take turns, without a server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.adapters.cluster import cassandra_control_store
from penstock.adapters.cluster.cassandra_control_store import TURNS, CassandraControlStore
from penstock.domain.errors import Unavailable
from penstock.ports.control_store import Table


class Session:
    """Applies every transaction; one of two waits for the other for so long, and `met` says whether they met."""

    def __init__(self, wait_seconds: float) -> None:
        self.settings = SimpleNamespace(timeout_seconds=0.0)
        self.met = False
        self._two = threading.Barrier(2, timeout=wait_seconds)

    def decide_all(self, cql: str, each: list[tuple[Any, ...]]) -> bool:
        _, body, *_ = each[0]
        if body == "fail":
            raise Unavailable("away")
        with suppress(threading.BrokenBarrierError):
            self._two.wait()
            self.met = True
        return True


def meet(*places: tuple[str, str], wait_seconds: float) -> bool:
    """Whether transactions on these two records, each a tenant and a sort, are at the servers at the same time."""
    session = Session(wait_seconds)
    store = store_on(session)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda place: store.create(Table.REQUESTS, place[0], "", place[1], b"{}"), places))
    return session.met


def store_on(session: Any) -> CassandraControlStore:
    return CassandraControlStore(session)


def test_those_on_one_partition_take_turns() -> None:
    assert not meet(("acme", "1"), ("acme", "2"), wait_seconds=0.1)


def test_those_on_two_partitions_do_not() -> None:
    first, second = tenants_of_two_turns()
    assert meet((first, "1"), (second, "1"), wait_seconds=60)


def tenants_of_two_turns() -> tuple[str, str]:
    """Which tenants share a lock is drawn again for each process."""
    tenants = [f"tenant-{number}" for number in range(9)]
    first, second, *_ = {hash((Table.REQUESTS, tenant, "")) % TURNS: tenant for tenant in tenants}.values()
    return first, second


def test_a_turn_that_hangs_is_abandoned_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cassandra_control_store, "MAX_TURN_SECONDS", 0.01)
    assert meet(("acme", "1"), ("acme", "2"), wait_seconds=60)


def test_a_failure_gives_the_turn_away() -> None:
    store = store_on(Session(0))
    with pytest.raises(Unavailable):
        store.create(Table.REQUESTS, "acme", "", "1", b"fail")
    assert not any(turn.locked() for turn in store._turns)
