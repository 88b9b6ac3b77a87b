"""API keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.api_keys import LAST_USE_US, ApiKeys
from penstock.domain.access.permissions import Role
from penstock.domain.days import DAY_US
from penstock.domain.errors import NotFound, Refused, Unavailable
from penstock.ports.control_store import ControlStore
from tests.support.access import create_key
from tests.support.failing_control_store import WRITES
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keys(tmp_path: Path, clock: ManualClock) -> Iterator[ApiKeys]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield ApiKeys(store, clock)
    store.close()


def test_a_key_opens_its_tenant_with_its_role(keys: ApiKeys) -> None:
    secret, key = create_key(keys, "acme_inc", Role.UPLOADER, "nightly")
    caller = keys.authenticate(secret)
    assert caller is not None
    assert (caller.tenant_id, caller.permissions, caller.name) == (
        "acme_inc",
        Role.UPLOADER.permissions,
        "nightly",
    )
    assert caller.key_id == key.key_id


def test_only_the_hash_of_a_key_is_stored(keys: ApiKeys, tmp_path: Path) -> None:
    secret, _ = create_key(keys, "acme", Role.ADMIN, "boss")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"boss" in written
    assert secret.rpartition("_")[2].encode() not in written


def test_no_other_text_is_a_key(keys: ApiKeys) -> None:
    secret, key = create_key(keys, "acme", Role.ADMIN, "boss")
    random = secret.rpartition("_")[2]
    for text in ("", "pk_", secret[:-1], secret + "0", secret.upper(), f"pk_other_{random}", key.key_id, f" {secret}"):
        assert keys.authenticate(text) is None, text


def test_keys_are_never_the_same(keys: ApiKeys) -> None:
    assert len({create_key(keys, "acme", Role.VIEWER, "x")[0] for _ in range(20)}) == 20


def test_keys_are_listed_by_age_until_they_are_revoked(keys: ApiKeys, clock: ManualClock) -> None:
    made = []
    for name in ("c", "a", "b"):
        made.append(create_key(keys, "acme", Role.VIEWER, name))
        clock.sleep(1)
    create_key(keys, "other", Role.VIEWER, "z")
    assert [key.name for key in keys.list_keys("acme")] == ["c", "a", "b"]
    keys.revoke_key("acme", made[1][1].key_id)
    assert [key.name for key in keys.list_keys("acme")] == ["c", "b"]
    assert keys.authenticate(made[1][0]) is None
    assert keys.authenticate(made[0][0]) is not None


def test_another_tenants_key_cannot_be_revoked(keys: ApiKeys) -> None:
    secret, key = create_key(keys, "acme", Role.VIEWER, "x")
    with pytest.raises(NotFound):
        keys.revoke_key("other", key.key_id)
    assert keys.authenticate(secret) is not None


@pytest.mark.parametrize("tenant", ["", "a b", "a\n", "é", "x" * 65, "..", "a/b", "A", "a.b"])
def test_a_tenant_that_cannot_stand_in_a_key_gets_none(keys: ApiKeys, tenant: str) -> None:
    with pytest.raises(Refused, match="invalid_tenant"):
        create_key(keys, tenant, Role.VIEWER, "x")
    assert keys.authenticate(f"pk_{tenant}_{'0' * 64}") is None


def test_a_key_that_expires_is_good_until_then(keys: ApiKeys, clock: ManualClock) -> None:
    secret, key = create_key(keys, "acme", Role.VIEWER, "x", expires_at=clock.now_us() + DAY_US)
    caller = keys.authenticate(secret)
    assert caller is not None
    assert keys.is_valid(caller)
    clock.at_us += DAY_US
    assert keys.authenticate(secret) is None
    assert not keys.is_valid(caller)
    assert [each.expires_at for each in keys.list_keys("acme")] == [key.expires_at]


@pytest.mark.parametrize("days", [-1, 0, 3_661])
def test_a_key_cannot_expire_in_the_past_or_too_late(keys: ApiKeys, clock: ManualClock, days: int) -> None:
    with pytest.raises(Refused, match="invalid_expiry"):
        create_key(keys, "acme", Role.VIEWER, "x", expires_at=clock.now_us() + days * DAY_US)


def test_a_keys_last_use_is_kept_to_the_hour_with_one_write_in_it(keys: ApiKeys, clock: ManualClock) -> None:
    clock.at_us = 19_000 * DAY_US + 90 * 60_000_000  # 01:30
    secret, _ = create_key(keys, "acme", Role.VIEWER, "x")
    assert keys.list_keys("acme")[0].last_used_at is None
    with counting_writes(keys) as writes:
        for _ in range(50):
            keys.authenticate(secret)
            clock.at_us += 60_000_000
    assert writes == ["replace"]
    assert keys.list_keys("acme")[0].last_used_at == 19_000 * DAY_US + LAST_USE_US
    clock.at_us += LAST_USE_US
    keys.authenticate(secret)
    assert keys.list_keys("acme")[0].last_used_at == 19_000 * DAY_US + 3 * LAST_USE_US


def test_a_key_is_good_while_the_store_takes_no_writes(keys: ApiKeys) -> None:
    secret, _ = create_key(keys, "acme", Role.VIEWER, "x")
    with counting_writes(keys, error=Unavailable("the disk is full")):
        assert keys.authenticate(secret) is not None
    assert keys.list_keys("acme")[0].last_used_at is None


def test_the_last_admin_key_cannot_be_revoked(keys: ApiKeys, clock: ManualClock) -> None:
    _, first = create_key(keys, "acme", Role.ADMIN, "boss")
    _, transient = create_key(keys, "acme", Role.ADMIN, "guest", expires_at=clock.now_us() + DAY_US)
    create_key(keys, "acme", Role.UPLOADER, "nightly")
    create_key(keys, "other", Role.ADMIN, "boss")
    clock.at_us += DAY_US
    with pytest.raises(Refused, match="last_admin_key"):
        keys.revoke_key("acme", first.key_id)
    keys.revoke_key("acme", transient.key_id)
    create_key(keys, "acme", Role.ADMIN, "next")
    keys.revoke_key("acme", first.key_id)


class BeforeDelete:
    """Passes all on to `store`, and does something else first, once, when a key is about to be deleted."""

    def __init__(self, store: ControlStore, meanwhile: Callable[[], object]) -> None:
        self._store, self._meanwhile = store, [meanwhile]

    def __getattr__(self, name: str) -> Any:
        if name == "delete" and self._meanwhile:
            self._meanwhile.pop()()
        return getattr(self._store, name)


def other_process(keys: ApiKeys, clock: ManualClock, meanwhile: Callable[[], object]) -> ApiKeys:
    """On the same store, where `meanwhile` happens after it has counted the admins, before it deletes a key."""
    return ApiKeys(BeforeDelete(keys._store, meanwhile), clock)


def test_two_processes_cannot_revoke_the_last_two_admins_at_once(keys: ApiKeys, clock: ManualClock) -> None:
    first, second = (create_key(keys, "acme", Role.ADMIN, name)[1] for name in ("one", "two"))

    def revoke_the_other() -> None:
        with pytest.raises(Refused, match="last_admin_key"):
            keys.revoke_key("acme", second.key_id)

    other_process(keys, clock, revoke_the_other).revoke_key("acme", first.key_id)
    assert [key.name for key in keys.list_keys("acme")] == ["two"]


def test_an_admin_revoked_while_another_counts_makes_it_count_again(keys: ApiKeys, clock: ManualClock) -> None:
    first, second = (create_key(keys, "acme", Role.ADMIN, name)[1] for name in ("one", "two"))
    store = keys._store

    class Overtaken:
        """Another process revokes an admin just before this one decides."""

        def __init__(self) -> None:
            self.overtaken = False

        def __getattr__(self, name: str) -> Any:
            if name == "replace" and not self.overtaken:
                self.overtaken = True
                keys.revoke_key("acme", first.key_id)
            return getattr(store, name)

    with pytest.raises(Refused, match="last_admin_key"):
        ApiKeys(Overtaken(), clock).revoke_key("acme", second.key_id)
    assert [key.name for key in keys.list_keys("acme")] == ["two"]


def test_a_revocation_that_was_cut_short_can_be_ended(keys: ApiKeys, clock: ManualClock) -> None:
    first, second = (create_key(keys, "acme", Role.ADMIN, name)[1] for name in ("one", "two"))

    def fail() -> None:
        raise Unavailable("the store is away")

    with pytest.raises(Unavailable):
        other_process(keys, clock, fail).revoke_key("acme", first.key_id)
    with pytest.raises(Refused, match="last_admin_key"):
        keys.revoke_key("acme", second.key_id)
    keys.revoke_key("acme", first.key_id)
    assert [key.name for key in keys.list_keys("acme")] == ["two"]


def test_a_tenants_keys_have_a_bound(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.access.api_keys.MAX_API_KEYS", 1)
    create_key(keys, "acme", Role.ADMIN, "boss")
    with pytest.raises(Refused, match="too_many_api_keys"):
        create_key(keys, "acme", Role.VIEWER, "x")
    create_key(keys, "other", Role.VIEWER, "x")


@contextmanager
def counting_writes(keys: ApiKeys, error: Exception | None = None) -> Iterator[list[str]]:
    """The changes that are made meanwhile, each of which fails with `error`, if there is one."""
    store, writes = keys._store, list[str]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name in WRITES:
                writes.append(name)
                if error is not None:
                    raise error
            return getattr(store, name)

    keys._store = Counting()  # type: ignore[assignment]
    try:
        yield writes
    finally:
        keys._store = store
