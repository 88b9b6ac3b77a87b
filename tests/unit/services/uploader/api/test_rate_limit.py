"""Lookups are rationed."""

from __future__ import annotations

import pytest

from penstock.domain.errors import Refused
from services.uploader.api.quotas import Quota, quota_headers
from services.uploader.api.rate_limit import RateLimit
from tests.support.manual_clock import ManualClock


def taken(limit: RateLimit, tenant_id: str, most: int) -> int:
    """How many of `most` tokens there were."""
    refused = []
    for _ in range(most):
        try:
            limit.take(tenant_id)
        except Refused as error:
            refused.append(error.code)
    assert set(refused) <= {"rate_limited"}
    return most - len(refused)


def test_a_burst_then_so_many_a_second_each_tenant_for_itself() -> None:
    clock = ManualClock()
    limit = RateLimit(clock, per_second=2, burst=5)
    assert taken(limit, "a", 99) == 5
    assert taken(limit, "b", 99) == 5
    clock.sleep(1)
    assert taken(limit, "a", 99) == 2
    clock.sleep(0.25)
    assert taken(limit, "a", 99) == 0
    clock.sleep(0.25)
    assert taken(limit, "a", 99) == 1
    clock.sleep(3_600)
    assert taken(limit, "a", 99) == 5


def test_a_refused_call_does_not_count_against_the_limit() -> None:
    clock = ManualClock()
    limit = RateLimit(clock, per_second=1, burst=1)
    limit.take("a")
    for _ in range(10):
        with pytest.raises(Refused):
            limit.take("a")
    clock.sleep(1)
    limit.take("a")


def test_the_quota_reports_the_rest_and_when_it_is_full_again() -> None:
    clock = ManualClock()
    limit = RateLimit(clock, per_second=2, burst=5)
    taken(limit, "a", 3)
    assert limit.quota("lookups", "a") == Quota("lookups", most=5, left=2, window_seconds=3, full_in_seconds=2)
    clock.sleep(0.25)
    assert limit.quota("lookups", "a").left == 2
    clock.sleep(3_600)
    assert limit.quota("lookups", "a") == Quota("lookups", most=5, left=5, window_seconds=3, full_in_seconds=0)
    assert limit.quota("lookups", "b").left == 5


def test_quotas_are_lists_of_structured_fields() -> None:
    quotas = [Quota("calls", most=128, left=127), Quota("lookups", 200, 0, window_seconds=10, full_in_seconds=9)]
    assert quota_headers(quotas) == {
        "RateLimit-Policy": '"calls";q=128;qu="concurrent-requests", "lookups";q=200;w=10',
        "RateLimit": '"calls";r=127, "lookups";r=0;t=9',
    }
