"""The present work of all tenants, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from penstock.application.health.workload import MAX_TENANTS, RunningWork, TenantWork, Workload, summary
from penstock.domain.errors import Unavailable
from penstock.domain.requests.request import Request, Status
from tests.unit.domain.requests.test_hold import REQUEST

SECOND = 1_000_000
NOW = 1_000 * SECOND


def test_the_oldest_wait_and_the_rates_of_what_runs_are_summed_up() -> None:
    waiting = [replace(REQUEST, status=Status.SCHEDULED, accepted_at=NOW - age * SECOND) for age in (7, 90, 3)]
    running = [
        replace(REQUEST, status=Status.IN_PROGRESS, started_at=NOW - 10 * SECOND, rows_read=rows)
        for rows in (500, 1_000)
    ]
    just_begun = replace(REQUEST, status=Status.IN_PROGRESS, started_at=NOW, rows_read=40)
    held = replace(REQUEST, status=Status.HELD, accepted_at=0)
    done = replace(REQUEST, status=Status.COMPLETED, accepted_at=0)
    assert summary([*waiting, *running, just_begun, held, done], NOW) == RunningWork(
        running=3,
        waiting=3,
        held=1,
        rows_per_second=190.0,
        oldest_seconds=90.0,
        is_all=True,
        tenants=[TenantWork(REQUEST.tenant_id, 3, 3, 90.0)],
    )


def test_of_the_tenants_those_that_wait_most_come_first() -> None:
    def of(tenant: str, status: Status, age: int) -> Request:
        return replace(REQUEST, tenant_id=tenant, status=status, accepted_at=NOW - age * SECOND)

    active = [of("acme", Status.IN_PROGRESS, 5), of("rival", Status.SCHEDULED, 9), of("rival", Status.SCHEDULED, 4)]
    many = [of(f"small-{number:02}", Status.IN_PROGRESS, 1) for number in range(MAX_TENANTS)]
    found = summary([*many, *active], NOW).tenants
    assert found[:2] == [TenantWork("rival", 0, 2, 9.0), TenantWork("acme", 1, 0, None)]
    assert len(found) == MAX_TENANTS


def test_nothing_waits_when_there_is_nothing() -> None:
    assert summary([], NOW) == RunningWork(0, 0, 0, 0.0, None, True, [])


class _SilentLog:
    def lag(self, group: str, topic: str) -> int:
        raise Unavailable("no answer", dependency="kafka")

    def members(self, groups: Sequence[str]) -> Mapping[str, int]:
        raise Unavailable("no answer", dependency="kafka")


def test_lags_and_members_are_unknown_while_the_log_does_not_answer() -> None:
    workload = Workload(_SilentLog(), None, list, None)  # type: ignore[arg-type]
    assert [(each.members, each.events) for each in workload.steps()] == [(None, None)] * 4
