"""API keys, roles and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.api_keys import LAST_USE_US, Access, Role
from penstock.domain.errors import NotFound, Refused, Unavailable
from penstock.ports.control_store import ControlStore
from tests.support.failing_control_store import WRITES
from tests.support.manual_clock import ManualClock

DAY_US = 86_400_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def access(tmp_path: Path, clock: ManualClock) -> Iterator[Access]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield Access(store, clock)
    store.close()


def test_a_key_opens_its_tenant_with_its_role(access: Access) -> None:
    secret, key = access.create_key("acme_inc", Role.UPLOADER, "nightly")
    principal = access.authenticate(secret)
    assert principal is not None
    assert (principal.tenant_id, principal.role, principal.name) == ("acme_inc", Role.UPLOADER, "nightly")
    assert principal.key_id == key.key_id


def test_only_the_hash_of_a_key_is_stored(access: Access, tmp_path: Path) -> None:
    secret, _ = access.create_key("acme", Role.ADMIN, "boss")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"boss" in written
    assert secret.rpartition("_")[2].encode() not in written


def test_no_other_text_is_a_key(access: Access) -> None:
    secret, key = access.create_key("acme", Role.ADMIN, "boss")
    random = secret.rpartition("_")[2]
    for text in ("", "pk_", secret[:-1], secret + "0", secret.upper(), f"pk_other_{random}", key.key_id, f" {secret}"):
        assert access.authenticate(text) is None, text


def test_keys_are_never_the_same(access: Access) -> None:
    assert len({access.create_key("acme", Role.VIEWER, "x")[0] for _ in range(20)}) == 20


def test_keys_are_listed_by_age_until_they_are_revoked(access: Access, clock: ManualClock) -> None:
    made = []
    for name in ("c", "a", "b"):
        made.append(access.create_key("acme", Role.VIEWER, name))
        clock.sleep(1)
    access.create_key("other", Role.VIEWER, "z")
    assert [key.name for key in access.list_keys("acme")] == ["c", "a", "b"]
    access.revoke_key("acme", made[1][1].key_id)
    assert [key.name for key in access.list_keys("acme")] == ["c", "b"]
    assert access.authenticate(made[1][0]) is None
    assert access.authenticate(made[0][0]) is not None


def test_another_tenants_key_cannot_be_revoked(access: Access) -> None:
    secret, key = access.create_key("acme", Role.VIEWER, "x")
    with pytest.raises(NotFound):
        access.revoke_key("other", key.key_id)
    assert access.authenticate(secret) is not None


@pytest.mark.parametrize("tenant", ["", "a b", "a\n", "é", "x" * 65, "..", "a/b", "A", "a.b"])
def test_a_tenant_that_cannot_stand_in_a_key_gets_none(access: Access, tenant: str) -> None:
    with pytest.raises(Refused, match="invalid_tenant"):
        access.create_key(tenant, Role.VIEWER, "x")
    assert access.authenticate(f"pk_{tenant}_{'0' * 64}") is None


def test_a_key_that_expires_is_good_until_then(access: Access, clock: ManualClock) -> None:
    secret, key = access.create_key("acme", Role.VIEWER, "x", expires_at=clock.now_us() + DAY_US)
    principal = access.authenticate(secret)
    assert principal is not None
    assert access.is_valid(principal)
    clock.at_us += DAY_US
    assert access.authenticate(secret) is None
    assert not access.is_valid(principal)
    assert [each.expires_at for each in access.list_keys("acme")] == [key.expires_at]


@pytest.mark.parametrize("days", [-1, 0, 3_661])
def test_a_key_cannot_expire_in_the_past_or_too_late(access: Access, clock: ManualClock, days: int) -> None:
    with pytest.raises(Refused, match="invalid_expiry"):
        access.create_key("acme", Role.VIEWER, "x", expires_at=clock.now_us() + days * DAY_US)


def test_a_keys_last_use_is_kept_to_the_hour_with_one_write_in_it(access: Access, clock: ManualClock) -> None:
    clock.at_us = 19_000 * DAY_US + 90 * 60_000_000  # 01:30
    secret, _ = access.create_key("acme", Role.VIEWER, "x")
    assert access.list_keys("acme")[0].last_used_at is None
    with counting_writes(access) as writes:
        for _ in range(50):
            access.authenticate(secret)
            clock.at_us += 60_000_000
    assert writes == ["replace"]
    assert access.list_keys("acme")[0].last_used_at == 19_000 * DAY_US + LAST_USE_US
    clock.at_us += LAST_USE_US
    access.authenticate(secret)
    assert access.list_keys("acme")[0].last_used_at == 19_000 * DAY_US + 3 * LAST_USE_US


def test_a_key_is_good_while_the_store_takes_no_writes(access: Access) -> None:
    secret, _ = access.create_key("acme", Role.VIEWER, "x")
    with counting_writes(access, error=Unavailable("the disk is full")):
        assert access.authenticate(secret) is not None
    assert access.list_keys("acme")[0].last_used_at is None


def test_the_last_admin_key_cannot_be_revoked(access: Access, clock: ManualClock) -> None:
    _, first = access.create_key("acme", Role.ADMIN, "boss")
    _, transient = access.create_key("acme", Role.ADMIN, "guest", expires_at=clock.now_us() + DAY_US)
    access.create_key("acme", Role.UPLOADER, "nightly")
    access.create_key("other", Role.ADMIN, "boss")
    clock.at_us += DAY_US
    with pytest.raises(Refused, match="last_admin_key"):
        access.revoke_key("acme", first.key_id)
    access.revoke_key("acme", transient.key_id)
    access.create_key("acme", Role.ADMIN, "next")
    access.revoke_key("acme", first.key_id)


class BeforeDelete:
    """Passes all on to `store`, and does something else first, once, when a key is about to be deleted."""

    def __init__(self, store: ControlStore, meanwhile: Callable[[], object]) -> None:
        self._store, self._meanwhile = store, [meanwhile]

    def __getattr__(self, name: str) -> Any:
        if name == "delete" and self._meanwhile:
            self._meanwhile.pop()()
        return getattr(self._store, name)


def other_process(access: Access, clock: ManualClock, meanwhile: Callable[[], object]) -> Access:
    """On the same store, where `meanwhile` happens after it has counted the admins, before it deletes a key."""
    return Access(BeforeDelete(access._store, meanwhile), clock)


def test_two_processes_cannot_revoke_the_last_two_admins_at_once(access: Access, clock: ManualClock) -> None:
    first, second = (access.create_key("acme", Role.ADMIN, name)[1] for name in ("one", "two"))

    def revoke_the_other() -> None:
        with pytest.raises(Refused, match="last_admin_key"):
            access.revoke_key("acme", second.key_id)

    other_process(access, clock, revoke_the_other).revoke_key("acme", first.key_id)
    assert [key.name for key in access.list_keys("acme")] == ["two"]


def test_an_admin_revoked_while_another_counts_makes_it_count_again(access: Access, clock: ManualClock) -> None:
    first, second = (access.create_key("acme", Role.ADMIN, name)[1] for name in ("one", "two"))
    store = access._store

    class Overtaken:
        """Another process revokes an admin just before this one decides."""

        def __init__(self) -> None:
            self.overtaken = False

        def __getattr__(self, name: str) -> Any:
            if name == "replace" and not self.overtaken:
                self.overtaken = True
                access.revoke_key("acme", first.key_id)
            return getattr(store, name)

    with pytest.raises(Refused, match="last_admin_key"):
        Access(Overtaken(), clock).revoke_key("acme", second.key_id)
    assert [key.name for key in access.list_keys("acme")] == ["two"]


def test_a_revocation_that_was_cut_short_can_be_ended(access: Access, clock: ManualClock) -> None:
    first, second = (access.create_key("acme", Role.ADMIN, name)[1] for name in ("one", "two"))

    def fail() -> None:
        raise Unavailable("the store is away")

    with pytest.raises(Unavailable):
        other_process(access, clock, fail).revoke_key("acme", first.key_id)
    with pytest.raises(Refused, match="last_admin_key"):
        access.revoke_key("acme", second.key_id)
    access.revoke_key("acme", first.key_id)
    assert [key.name for key in access.list_keys("acme")] == ["two"]


def test_a_tenants_keys_have_a_bound(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.access.api_keys.MAX_API_KEYS", 1)
    access.create_key("acme", Role.ADMIN, "boss")
    with pytest.raises(Refused, match="too_many_api_keys"):
        access.create_key("acme", Role.VIEWER, "x")
    access.create_key("other", Role.VIEWER, "x")


@contextmanager
def counting_writes(access: Access, error: Exception | None = None) -> Iterator[list[str]]:
    """The changes that are made meanwhile, each of which fails with `error`, if there is one."""
    store, writes = access._store, list[str]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name in WRITES:
                writes.append(name)
                if error is not None:
                    raise error
            return getattr(store, name)

    access._store = Counting()  # type: ignore[assignment]
    try:
        yield writes
    finally:
        access._store = store


def test_roles_are_ranked() -> None:
    covered = {role: {other for other in Role if role.covers(other)} for role in Role}
    assert covered == {
        Role.VIEWER: {Role.VIEWER},
        Role.UPLOADER: {Role.VIEWER, Role.UPLOADER},
        Role.ADMIN: {Role.VIEWER, Role.UPLOADER, Role.ADMIN},
    }


def test_the_audit_is_read_newest_first_day_by_day(access: Access, clock: ManualClock) -> None:
    clock.at_us = 19_000 * DAY_US  # 2022-01-08
    for number in range(5):
        access.audit("acme", "ann", f"action.{number}", {"n": str(number)})
    access.audit("other", "bob", "action.x", {})
    clock.at_us += DAY_US
    access.audit("acme", "ann", "action.later", {})
    first = access.read_audit("acme", day="2022-01-08", limit=3)
    rest = access.read_audit("acme", day="2022-01-08", before=first[-1][0], limit=3)
    actions = {entry.action for _, entry in first} | {entry.action for _, entry in rest}
    assert actions == {f"action.{number}" for number in range(5)}
    assert (len(first), len(rest)) == (3, 2)
    assert [entry.action for _, entry in access.read_audit("acme")] == ["action.later"]
    assert first[0][1].details == {"n": first[0][1].action[-1]}
