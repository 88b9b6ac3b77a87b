from __future__ import annotations

from penstock.adapters.system_clock import SystemClock
from penstock.application.encryption.expiring_cache import ExpiringCache
from tests.support.manual_clock import ManualClock
from tests.support.waiting import until


def test_an_unused_entry_is_evicted() -> None:
    cache = ExpiringCache[str, bytes](SystemClock(), seconds=0.05, max_entries=10)
    for _ in range(2):  # also once more after it has been empty
        cache.put("a", b"secret")
        cache.put("b", b"secret")
        until(lambda: len(cache) == 0)


def test_a_value_is_given_until_its_time_is_over() -> None:
    clock = ManualClock()
    cache = ExpiringCache[str, bytes](clock, seconds=300, max_entries=10)
    cache.put("a", b"first")
    clock.sleep(200)
    cache.put("b", b"second")
    clock.sleep(99)
    assert (cache.get("a"), cache.get("b")) == (b"first", b"second")
    clock.sleep(1)
    assert (cache.get("a"), cache.get("b")) == (None, b"second")
    cache.clear()


def test_a_full_cache_evicts_the_least_recently_used_entry() -> None:
    cache = ExpiringCache[int, int](ManualClock(), seconds=300, max_entries=3)
    for number in (1, 2, 3, 2):
        cache.put(number, number)
    assert cache.get(1) == 1
    cache.put(4, 4)
    assert [cache.get(number) for number in (1, 2, 3, 4)] == [1, 2, None, 4]
    assert len(cache) == 3
    cache.clear()


def test_a_cleared_cache_is_empty_and_usable() -> None:
    cache = ExpiringCache[str, bytes](SystemClock(), seconds=0.05, max_entries=10)
    cache.put("a", b"secret")
    cache.clear()
    assert cache.get("a") is None
    cache.put("a", b"secret")
    until(lambda: len(cache) == 0)
