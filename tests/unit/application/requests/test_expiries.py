"""Reservations and claims are deleted after their time, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.expiries import DAYS, ExpirySweeper
from penstock.application.requests.key_claims import KeyClaims
from penstock.application.requests.reservations import (
    KEY_DAYS,
    OWN_KEY_DAYS,
    SAME_FILE_DAYS,
    Reservation,
    Reservations,
    hashed,
)
from penstock.ports.control_store import Table
from tests.support.acceptance import TENANT
from tests.support.manual_clock import FUTURE_US, ManualClock

DAY = 86_400.0
KEYS = ("of a client", "own\nkey")
DAYS_OF = {KEYS[0]: KEY_DAYS, KEYS[1]: OWN_KEY_DAYS}


class Reserving:
    """Reservations on a clock that only the test moves; `request_ids` are the newest by key."""

    def __init__(self, folder: Path) -> None:
        self.store, self.clock = EmbeddedControlStore(folder / "control.db"), ManualClock(FUTURE_US)
        self.store.create(Table.DATA_KEYS, TENANT, "hash", "1", b"")
        self.reservations, self.sweeper = Reservations(self.store, self.clock), ExpirySweeper(self.store, self.clock)
        self.made = 0

    def make(self) -> Reservation:
        self.made += 1
        return Reservation(request_id=f"r{self.made}", accepted_at=self.clock.now_us(), fingerprint="f")

    def reserve_key(self, key: str) -> Reservation:
        return self.reservations.reserve_key(TENANT, key, "f", self.make)

    def has_key(self, key: str) -> bool:
        return self.store.get(Table.IDEMPOTENCY_KEYS, TENANT, hashed(key)) is not None

    def notes(self) -> list[str]:
        return [record.sort for record in self.store.scan(Table.EXPIRIES, TENANT, DAYS)]


@pytest.fixture
def reserving(tmp_path: Path) -> Iterator[Reserving]:
    reserving = Reserving(tmp_path)
    with closing(reserving.store):
        yield reserving


def test_each_reservation_is_deleted_after_its_time(reserving: Reserving) -> None:
    for key in KEYS:
        reserving.reserve_key(key)
    reserving.reservations.reserve_file(TENANT, "hash", lambda _: True, reserving.make)
    deleted = []
    for days in (KEY_DAYS, SAME_FILE_DAYS, OWN_KEY_DAYS):
        reserving.clock.at_us = FUTURE_US + int(days * DAY * 1e6)
        deleted.append(reserving.sweeper.sweep())
        reserving.clock.jump(DAY)
        deleted.append(reserving.sweeper.sweep())
    assert deleted == [0, 1, 0, 1, 0, 1]
    assert [reserving.has_key(key) for key in KEYS] == [False, False]
    assert reserving.store.get(Table.SAME_FILES, TENANT, "hash") is None
    assert reserving.notes() == []


def test_the_claim_of_a_dead_process_is_deleted(reserving: Reserving) -> None:
    claims = KeyClaims(reserving.store, reserving.clock)
    dead = claims.claim(TENANT, "dead")
    reserving.clock.advance(30)
    dead.renew()
    claims.claim(TENANT, "done").release()
    reserving.clock.jump(2 * DAY)
    assert reserving.sweeper.sweep() == 1
    assert reserving.store.get(Table.KEY_CLAIMS, TENANT, hashed("dead")) is None
    assert reserving.notes() == []


def test_a_record_that_is_renewed_during_the_sweep_stays(reserving: Reserving, monkeypatch: pytest.MonkeyPatch) -> None:
    key = KEYS[0]
    reserving.reserve_key(key)
    reserving.clock.jump(3 * DAY)
    delete = reserving.store.delete_unchanged

    def renewed_first(record: object) -> None:
        reserving.reserve_key(key)
        delete(record)  # type: ignore[arg-type]

    monkeypatch.setattr(reserving.store, "delete_unchanged", renewed_first)
    assert reserving.sweeper.sweep() == 0
    assert reserving.reserve_key(key).request_id == "r2"


def test_a_note_that_cannot_be_read_keeps_no_other_from_being_swept(reserving: Reserving) -> None:
    reserving.reserve_key(KEYS[0])
    reserving.clock.jump(3 * DAY)
    (day,) = reserving.notes()
    reserving.store.put(Table.EXPIRIES, TENANT, day, "a/b", b"{}")
    reserving.store.put(Table.EXPIRIES, TENANT, day, "zzz/b/c", b"{}")
    assert reserving.sweeper.sweep() == 1
    assert [record.sort for record in reserving.store.scan(Table.EXPIRIES, TENANT, day)] == ["a/b", "zzz/b/c"]
    assert reserving.notes() == [day]


steps = st.one_of(
    st.tuples(st.sampled_from(["reserve", "release"]), st.sampled_from(KEYS)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.9, 1.0, 1.1, 399.0])),
    st.tuples(st.just("sweep"), st.none()),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=20))
def test_valid_keys_stay_and_all_others_are_deleted(
    tmp_path_factory: pytest.TempPathFactory, did: list[tuple[str, Any]]
) -> None:
    reserving = Reserving(tmp_path_factory.mktemp("expiries"))
    known: dict[str, Reservation] = {}

    def is_valid(key: str) -> bool:
        return key in known and reserving.reservations.seconds_since(known[key]) < DAYS_OF[key] * DAY

    with closing(reserving.store):
        for step, given_ in did:
            if step == "wait":
                reserving.clock.jump(given_ * DAY)
            elif step == "sweep":
                reserving.sweeper.sweep()
            elif step == "release":
                reserving.reservations.release_key(TENANT, given_)
                known.pop(given_, None)
            else:
                found = reserving.reserve_key(given_)
                assert (found.request_id == f"r{reserving.made}") or is_valid(given_)
                if is_valid(given_):
                    assert found == known[given_]
                known[given_] = found
        reserving.sweeper.sweep()
        assert all(reserving.has_key(key) for key in KEYS if is_valid(key))
        reserving.clock.jump((OWN_KEY_DAYS + 2) * DAY)
        reserving.sweeper.sweep()
        assert not any(reserving.has_key(key) for key in KEYS)
        assert reserving.notes() == []
