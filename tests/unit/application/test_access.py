"""API keys, roles and the audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access import LAST_USE_US, Access, Role
from penstock.domain.errors import NotFound, Refused, Unavailable
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
    _, passing = access.create_key("acme", Role.ADMIN, "guest", expires_at=clock.now_us() + DAY_US)
    access.create_key("acme", Role.UPLOADER, "nightly")
    access.create_key("other", Role.ADMIN, "boss")
    clock.at_us += DAY_US
    with pytest.raises(Refused, match="last_admin_key"):
        access.revoke_key("acme", first.key_id)
    access.revoke_key("acme", passing.key_id)
    access.create_key("acme", Role.ADMIN, "next")
    access.revoke_key("acme", first.key_id)


def test_a_tenants_keys_have_a_bound(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.access.MAX_API_KEYS", 1)
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
