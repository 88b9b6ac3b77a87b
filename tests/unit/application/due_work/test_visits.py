"""Visits: hints lead to them, nothing else does for an idle tenant, and what a hint misses is found all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.due_work import hints
from penstock.application.due_work.hint_reader import WIDE_SECONDS
from penstock.application.due_work.hints import HOUR_US, HOURS, INSTALLATION, KEPT_US, Hints
from penstock.application.due_work.visits import FOLLOW_UPS, JUMP_SECONDS, RETRY_SECONDS, Visits
from penstock.application.tenant_faults import MAX_OUTAGES_IN_A_ROW
from penstock.domain.dispatching.owners import EVERYTHING, NOTHING, SHARDS, Share, shard_of_tenant
from penstock.domain.errors import Corrupt, Unavailable
from penstock.ports.control_store import Record, Table
from tests.support.manual_clock import FUTURE_US, ManualClock

DAY_SECONDS = 86_400.0
FOLLOWED_SECONDS = sum(FOLLOW_UPS)


class Counting:
    """A store that counts its calls; scans of the places in `changed` find a record that is not believed."""

    def __init__(self, store: EmbeddedControlStore) -> None:
        self._store, self.calls, self.changed = store, Counter[str](), set[str]()

    def scan(self, table: Table, tenant_id: str, partition: str, **how: Any) -> list[Record]:
        self.calls["scan"] += 1
        if partition in self.changed:
            raise Corrupt("a record was changed")
        return self._store.scan(table, tenant_id, partition, **how)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls[name] += 1
            return getattr(self._store, name)(*arguments, **named)

        return call


class Place:
    """Consumers of hints on one store, and the visits that they make."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(FUTURE_US)
        self.embedded = EmbeddedControlStore(folder / "control.db")
        self.store: Any = Counting(self.embedded)
        self.hints = Hints(self.store, self.clock)
        self.made: list[str] = []
        self.waits: dict[str, float | None] = {}
        self.faults = dict[str, Exception]()
        self.visits = self.consumer()

    def consumer(self, look_seconds: float = 0.0) -> Visits:
        return Visits("test", self.store, self.clock, look_seconds)

    def tenants(self, *tenant_ids: str) -> None:
        for tenant_id in tenant_ids:
            self.store.create(Table.DATA_KEYS, tenant_id, "general", "1", b"")

    def visit(self, tenant_id: str) -> float | None:
        self.made.append(tenant_id)
        if tenant_id in self.faults:
            raise self.faults[tenant_id]
        return self.waits.get(tenant_id)

    def after(self, seconds: float, share: Share = EVERYTHING) -> list[str]:
        """The visits of a pass after so many seconds."""
        self.clock.advance(seconds)
        self.made.clear()
        self.visits.make(share, self.visit)
        return list(self.made)

    def over(self, seconds: float, step: float = 1.0) -> list[str]:
        """The visits of the passes in this time."""
        return [tenant_id for _ in range(int(seconds / step)) for tenant_id in self.after(step)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with closing(place.embedded):
        yield place


def test_all_tenants_are_visited_at_the_start_and_then_no_idle_one(place: Place) -> None:
    place.tenants("a", "b")
    assert place.after(0) == ["a", "b"]
    assert place.over(3 * WIDE_SECONDS) == []


def test_a_pass_over_a_thousand_idle_tenants_costs_as_much_as_over_none(place: Place) -> None:
    place.tenants(*(f"tenant-{number:04}" for number in range(1_000)))
    assert len(place.after(0)) == 1_000
    place.store.calls.clear()
    place.after(1)
    assert place.store.calls == {"scan": SHARDS}
    place.store.calls.clear()
    place.over(600)
    assert place.store.calls.keys() == {"scan"}
    assert place.store.calls["scan"] <= 600 * SHARDS * 1.1


def test_a_hint_leads_to_visits_for_a_minute(place: Place) -> None:
    place.tenants("a", "b")
    place.after(0)
    place.hints.put("b")
    assert place.after(0) == ["b"]
    assert place.over(FOLLOWED_SECONDS + 5) == ["b"] * len(FOLLOW_UPS)
    assert place.over(FOLLOWED_SECONDS) == []
    place.hints.put("b")
    assert place.after(1) == ["b"]


def test_a_visit_says_when_the_next_one_is_due(place: Place) -> None:
    place.tenants("a")
    place.waits["a"] = 10.0
    assert place.after(0) == ["a"]
    assert place.after(9) == []
    place.waits["a"] = None
    assert place.after(1) == ["a"]
    assert place.after(30) == []


def test_a_tenant_without_keys_is_visited_after_its_hint(place: Place) -> None:
    """It is not listed yet."""
    place.after(0)
    place.hints.put("new")
    assert place.after(1) == ["new"]


@pytest.mark.parametrize("hours", [-2, -1, 1])
def test_a_hint_of_a_clock_that_differs_by_an_hour_is_seen(place: Place, hours: int) -> None:
    place.tenants("a")
    place.after(0)
    Hints(place.store, ManualClock(place.clock.now_us() + hours * HOUR_US)).put("a")
    assert "a" in place.over(WIDE_SECONDS + 1)


@pytest.mark.parametrize("differs", [-60, 60])
def test_a_hint_beside_the_turn_of_the_hour_is_seen_at_once(place: Place, differs: int) -> None:
    to_the_turn = HOUR_US - place.clock.now_us() % HOUR_US
    place.clock.advance(to_the_turn / 1e6 - 30 if differs > 0 else to_the_turn / 1e6 + 30)
    place.tenants("a")
    place.after(0)
    Hints(place.store, ManualClock(place.clock.now_us() + differs * 1_000_000)).put("a")
    assert place.after(1) == ["a"]


def test_a_hint_that_is_older_than_the_last_one_is_new(place: Place) -> None:
    """Its writer's clock is behind that of the other."""
    place.tenants("a")
    place.hints.put("a")
    place.over(2 * FOLLOWED_SECONDS)
    Hints(place.store, ManualClock(place.clock.now_us() - 600_000_000)).put("a")
    assert "a" in place.over(WIDE_SECONDS + 1)


def test_a_lost_hint_delays_its_work_by_a_day_at_most(place: Place) -> None:
    place.tenants("a")
    place.after(0)
    assert place.over(DAY_SECONDS - 600, step=600) == []
    assert place.over(1_200, step=600) == ["a"]


@pytest.mark.parametrize("jump", [-2 * JUMP_SECONDS, 2 * JUMP_SECONDS, 10 * DAY_SECONDS])
def test_all_are_visited_after_a_jump_of_the_clock(place: Place, jump: float) -> None:
    place.tenants("a", "b")
    place.after(0)
    place.clock.jump(jump)
    assert place.after(1) == ["a", "b"]
    assert place.over(10) == []


def test_nobody_is_visited_before_the_first_assignment_and_all_are_after_it(place: Place) -> None:
    place.tenants("a", "b")
    place.hints.put("a")
    assert place.after(0, NOTHING) == []
    assert sorted(place.after(1)) == ["a", "b"]


def test_a_change_of_the_share_leads_to_visits_of_its_tenants_alone(place: Place) -> None:
    tenants = [f"tenant-{number}" for number in range(40)]
    place.tenants(*tenants)
    first, second = Share(frozenset({0, 1}), 4), Share(frozenset({1, 2}), 4)
    assert set(place.after(0, first)) == {each for each in tenants if shard_of_tenant(each) % 4 in (0, 1)}
    for each in tenants:
        place.hints.put(each)
    assert set(place.after(1, second)) == {each for each in tenants if shard_of_tenant(each) % 4 in (1, 2)}


def test_two_owners_both_visit(place: Place) -> None:
    place.tenants("a")
    other, seen = place.consumer(), list[str]()
    place.after(0)
    other.make(EVERYTHING, lambda tenant_id: seen.append(tenant_id))
    place.hints.put("a")
    assert place.after(1) == ["a"]
    other.make(EVERYTHING, lambda tenant_id: seen.append(tenant_id))
    assert seen == ["a", "a"]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_work_is_left_alone_whatever_the_order_of_hint_visit_and_record(data: st.DataObject) -> None:
    """A writer puts a hint, and what it announces up to a minute later; a consumer looks in between as it likes."""
    with TemporaryDirectory() as folder:
        place = Place(Path(folder))
        with closing(place.embedded):
            left = _left_alone(place, data)
    assert left == set()


def _left_alone(place: Place, data: st.DataObject) -> set[str]:
    undone, announced = set[str](), list[str]()

    def visit(tenant_id: str) -> None:
        undone.discard(tenant_id)

    for _ in range(40):
        match data.draw(st.sampled_from(["hint", "write", "look"])):
            case "hint":
                announced.append(data.draw(st.sampled_from("abc")))
                place.hints.put(announced[-1])
            case "write" if announced:
                undone.add(announced.pop(0))
            case "look":
                place.visits.make(EVERYTHING, visit)
        place.clock.advance(data.draw(st.sampled_from([0.0, 0.5, 1.0])))
    undone.update(announced)
    for _ in range(70):
        place.visits.make(EVERYTHING, visit)
        place.clock.advance(1)
    return undone


@pytest.mark.parametrize("fault", [Corrupt("changed"), Unavailable("its key is away")])
def test_a_tenant_with_a_fault_waits_and_the_others_do_not(place: Place, fault: Exception) -> None:
    place.tenants("a", "b", "c")
    place.faults["a"] = fault
    place.waits |= {"b": 5.0, "c": 5.0}
    if isinstance(fault, Unavailable):
        with pytest.raises(Unavailable):
            place.after(0)
        assert place.made == ["a", "b", "c"]
    else:
        assert place.after(0) == ["a", "b", "c"]
    place.faults.clear()
    assert place.after(5) == ["b", "c"]
    assert sorted(place.after(RETRY_SECONDS - 5)) == ["a", "b", "c"]


def test_an_outage_of_what_all_need_ends_the_pass_and_the_next_goes_on_with_the_others(place: Place) -> None:
    tenants = [f"tenant-{number}" for number in range(7)]
    place.tenants(*tenants)
    place.faults = {tenant_id: Unavailable("Cassandra is away") for tenant_id in tenants}
    tried: list[str] = []
    for _ in range(3):
        with pytest.raises(Unavailable):
            place.after(1)
        assert len(place.made) <= MAX_OUTAGES_IN_A_ROW
        tried += place.made
    assert sorted(tried) == tenants
    place.faults.clear()
    assert sorted(place.over(RETRY_SECONDS + 2)) == tenants


def test_a_hint_that_was_changed_in_the_database_delays_its_shard_and_nobody_else(place: Place) -> None:
    place.tenants("a", "b")
    assert shard_of_tenant("a") != shard_of_tenant("b")
    place.after(0)
    place.store.changed.add(f"{shard_of_tenant('a'):02}/{hints.hour_of(place.clock.now_us())}")
    place.hints.put("b")
    made = place.over(WIDE_SECONDS + 1)
    assert "a" in made
    assert made[0] == "b"


def test_hints_are_deleted_by_whole_hours_when_nobody_reads_them(place: Place) -> None:
    for _ in range(3):
        for tenant_id in ("a", "b"):
            place.hints.put(tenant_id)
        place.clock.advance(3_600)
    assert place.hints.sweep() == 0
    place.clock.advance(KEPT_US / 1e6 - 3_600)
    assert place.hints.sweep() == 4
    place.clock.advance(3_600)
    assert place.hints.sweep() == 2
    assert list(place.embedded.walk(Table.DUE_WORK)) == []


def test_an_hour_is_noted_once_by_a_process(place: Place) -> None:
    for _ in range(3):
        place.hints.put("a")
    assert [each.sort for each in place.embedded.scan(Table.DUE_WORK, INSTALLATION, HOURS)] == [
        hints.hour_of(place.clock.now_us())
    ]


def test_the_installation_is_no_tenant(place: Place) -> None:
    place.tenants("a")
    place.hints.put("a")
    assert place.embedded.tenants() == ["a"]
