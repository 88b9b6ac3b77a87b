"""Of two calls with one idempotency key at once, the second has to wait, however the first ends."""

from __future__ import annotations

import pytest

from penstock.application.requests.key_claims import CLAIM_SECONDS, KeyClaims
from penstock.domain.errors import Refused
from penstock.ports.control_store import ControlStore
from tests.support.acceptance import TENANT
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def claims(store: ControlStore, clock: ManualClock) -> KeyClaims:
    return KeyClaims(store, clock)


def in_use(claims: KeyClaims, key: str = "k") -> bool:
    try:
        claims.claim(TENANT, key).release()
    except Refused as refused:
        return refused.code == "idempotency_key_in_use"
    return False


def test_a_key_is_in_use_until_its_call_has_ended(claims: KeyClaims) -> None:
    claim = claims.claim(TENANT, "k")
    assert in_use(claims)
    assert not in_use(claims, "another")
    claim.release()
    assert not in_use(claims)


def test_a_long_call_keeps_its_key(claims: KeyClaims, clock: ManualClock) -> None:
    claim = claims.claim(TENANT, "k")
    for _ in range(100):
        clock.advance(CLAIM_SECONDS / 10)
        claim.renew()
        assert in_use(claims)


def test_a_call_whose_process_died_keeps_it_for_a_minute(claims: KeyClaims, clock: ManualClock) -> None:
    dead = claims.claim(TENANT, "k")
    clock.advance(CLAIM_SECONDS + 1)
    next_call = claims.claim(TENANT, "k")
    dead.renew()
    dead.release()  # it was only suspended, and has lost the key
    assert in_use(claims)
    next_call.release()
    assert not in_use(claims)
