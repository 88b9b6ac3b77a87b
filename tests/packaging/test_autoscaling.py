"""A week of uneven load on the fleet that `deploy/k8s` scales: it follows, does not thrash, and nobody starves.

The autoscaler is Kubernetes' algorithm with the settings of the production overlay; what waits is in the dispatcher's
own lanes, and the metric is the dispatcher's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pytest

from penstock.domain.dispatching.backlog import DRAIN_SECONDS, Load, backlog
from penstock.domain.dispatching.lanes import Lanes
from tests.support.autoscaler import Autoscaler
from tests.support.kustomize import Rendered

STEP = 15  # seconds between two looks of the autoscaler
START_SECONDS = 45  # of a new pod, until it works
CHUNK_SECONDS = 1.0
DAY, WEEK = 86_400, 7 * 86_400


class Arrival(NamedTuple):
    at: int
    tenant: str
    request: str
    chunks: int


def uneven_week(random: Random) -> Iterator[Arrival]:
    """Nightly full files of some, hourly feeds of others by day, small files of people at work, a partner that sends
    a file every few minutes for some hours, and a few floods."""
    arrivals: list[Arrival] = []

    def arrive(at: float, tenant: str, chunks: int) -> None:
        arrivals.append(Arrival(int(at), tenant, f"{len(arrivals):06d}", chunks))

    for day in range(7):
        start = day * DAY
        for tenant in range(4):
            arrive(start + 2 * 3_600 + random.randrange(600), f"nightly-{tenant}", 1_500)
        for tenant in range(20):
            for hour in range(7, 20):
                arrive(start + hour * 3_600 + random.randrange(900), f"hourly-{tenant}", random.randrange(1, 40))
        if day < 5:
            for _ in range(400):
                arrive(start + random.gauss(13, 3) * 3_600, f"people-{random.randrange(50)}", random.randrange(1, 5))
        for at in range(9 * 3_600, 15 * 3_600, 240):
            arrive(start + at + random.randrange(60), "partner", random.randrange(200, 500))
        if random.random() < 0.5:
            at = start + random.randrange(DAY - 3_600)
            for _ in range(200):
                arrive(at, "flood", random.randrange(1, 60))
    yield from sorted(each for each in arrivals if 0 <= each.at < WEEK)


class Week:
    """What a week looked like: the pods at each look, and for each request how long it waited for its first chunk."""

    def __init__(self, scaled: Any, seed: int) -> None:
        self.pods: list[int] = []
        self.waited: dict[str, float] = {}
        self.saturated: set[int] = set()  # looks at which the fleet was as large as it may be
        self._scaled, self._lanes = scaled, Lanes()
        self._left: dict[str, int] = {}
        self._arrived: dict[str, Arrival] = {}
        self._live(list(uneven_week(Random(seed))))

    def _live(self, arrivals: list[Arrival]) -> None:
        scaler = Autoscaler(self._scaled, pods=self._scaled["minReplicaCount"])
        working, starting = scaler.pods, list[tuple[float, int]]()
        for now in range(0, WEEK, STEP):
            while arrivals and arrivals[0].at <= now:
                self._take(arrivals.pop(0))
            before = scaler.pods
            after = scaler.step(now, self._metric(), threshold=1)
            if after > before:
                starting.append((now + START_SECONDS, after - before))
            working = min(working, after)
            working += sum(count for at, count in starting if at <= now)
            working = min(working, after)
            starting = [each for each in starting if each[0] > now]
            self._work(now, int(working * STEP / CHUNK_SECONDS))
            self.pods.append(after)
            if after == self._scaled["maxReplicaCount"]:
                self.saturated.add(now // STEP)

    def _take(self, arrival: Arrival) -> None:
        self._arrived[arrival.request] = arrival
        self._left[arrival.request] = arrival.chunks
        self._lanes.put(arrival.tenant, arrival.request, arrival.chunks)

    def _metric(self) -> float:
        return backlog([Load(sum(self._left.values()), CHUNK_SECONDS)]).desired_workers

    def _work(self, now: int, chunks: int) -> None:
        for _ in range(chunks):
            turn = self._lanes.take()
            if turn is None:
                return
            arrival = self._arrived[turn.request_id]
            self.waited.setdefault(turn.request_id, now - arrival.at)
            self._left[turn.request_id] -= 1
            if self._left[turn.request_id]:
                self._lanes.put(turn.tenant_id, turn.request_id, self._left[turn.request_id])
            else:
                del self._left[turn.request_id]

    @property
    def is_done(self) -> bool:
        return not self._left

    def waits_of(self, tenant: str) -> list[float]:
        return [waited for request, waited in self.waited.items() if self._arrived[request].tenant.startswith(tenant)]


@pytest.fixture(scope="module")
def scaled() -> Any:
    return Rendered("production").kind("ScaledObject")["worker"]["spec"]


@pytest.fixture(scope="module", params=[1, 2])
def week(request: pytest.FixtureRequest, scaled: Any) -> Week:
    return Week(scaled, request.param)


def test_everything_is_done_and_the_fleet_is_small_when_nothing_waits(week: Week, scaled: Any) -> None:
    assert week.is_done
    small = sum(pods == scaled["minReplicaCount"] for pods in week.pods)
    assert small > len(week.pods) / 3
    assert max(week.pods) > scaled["minReplicaCount"]


def test_the_fleet_does_not_thrash(week: Week) -> None:
    """Growing again soon after it has shrunk would make its group share out the partitions for nothing."""
    changes = [(at * STEP, after - before) for at, (before, after) in enumerate(pairwise(week.pods)) if after != before]
    turns = [(was, now) for (was, down), (now, up) in pairwise(changes) if down < 0 < up]
    assert len(turns) / 7 <= 24, "without the window of ten minutes there are about a hundred a day"


def test_nobody_starves(week: Week) -> None:
    """Beside nightly files and floods, a small file waits for its turn, not for the end of the others."""
    people = sorted(week.waits_of("people"))
    assert people[len(people) // 2] <= STEP
    assert people[int(len(people) * 0.99)] <= DRAIN_SECONDS + START_SECONDS + 2 * STEP
    assert max(week.waited.values()) <= 3_600


def test_a_large_file_makes_the_fleet_grow_at_once(scaled: Any) -> None:
    scaler = Autoscaler(scaled, pods=scaled["minReplicaCount"])
    metric = backlog([Load(3_000, CHUNK_SECONDS)]).desired_workers
    sizes = [scaler.step(now, metric, threshold=1) for now in range(0, 10 * STEP, STEP)]
    assert sizes[-1] == scaled["maxReplicaCount"]
    assert sizes == sorted(sizes)
