"""Sessions of the console, and the links that begin them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.access.api_keys import ApiKeys
from penstock.application.access.sessions import Sessions
from penstock.domain.access.permissions import EVERYTHING, Role
from penstock.domain.access.session import SignInMethod
from penstock.domain.errors import NotFound, Refused
from penstock.domain.limits import MAX_SESSIONS
from penstock.ports.control_store import ControlStore, Table
from tests.support.access import create_key
from tests.support.manual_clock import ManualClock

HOUR = 3_600.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield store
    store.close()


@pytest.fixture
def keys(store: ControlStore, clock: ManualClock) -> ApiKeys:
    return ApiKeys(store, clock)


@pytest.fixture
def sessions(store: ControlStore, clock: ManualClock, keys: ApiKeys) -> Sessions:
    return Sessions(store, clock, keys)


def begun(sessions: Sessions, keys: ApiKeys, role: Role = Role.UPLOADER) -> tuple[str, str]:
    """A session's secret, and the id of its key."""
    secret, key = create_key(keys, "acme", role, "nightly")
    return sessions.begin(*sessions.use_key(secret), "a browser"), key.key_id


def test_a_session_has_the_name_and_the_role_of_its_key(sessions: Sessions, keys: ApiKeys) -> None:
    secret, key_id = begun(sessions, keys)
    signed_in = sessions.authenticate(secret, remote_address="127.0.0.9")
    assert signed_in is not None
    caller = signed_in.caller
    assert (caller.tenant_id, caller.name, caller.permissions) == ("acme", "nightly", Role.UPLOADER.permissions)
    assert (caller.key_id, caller.remote_address) == (key_id, "127.0.0.9")


def test_a_wrong_key_begins_no_session(sessions: Sessions, keys: ApiKeys) -> None:
    secret, key = create_key(keys, "acme", Role.VIEWER, "nightly")
    keys.revoke_key("acme", key.key_id)
    for wrong in (secret, "", "pk_"):
        with pytest.raises(Refused) as refused:
            sessions.use_key(wrong)
        assert refused.value.code == "unauthorized"


def test_a_session_that_no_link_began_never_has_the_permissions_of_one(sessions: Sessions, keys: ApiKeys) -> None:
    caller, _ = sessions.use_link(sessions.create_link("acme", "ann"))
    assert sessions.authenticate(sessions.begin(caller, SignInMethod.API_KEY)) is None


def test_a_session_ends_with_its_key(sessions: Sessions, keys: ApiKeys) -> None:
    secret, key_id = begun(sessions, keys)
    keys.revoke_key("acme", key_id)
    assert sessions.authenticate(secret) is None


def test_a_session_ends_after_eight_hours_without_use(sessions: Sessions, keys: ApiKeys, clock: ManualClock) -> None:
    secret, _ = begun(sessions, keys)
    clock.advance(8 * HOUR - 1)
    assert sessions.authenticate(secret) is not None
    clock.advance(8 * HOUR - 1)
    assert sessions.authenticate(secret) is not None
    clock.advance(8 * HOUR)
    assert sessions.authenticate(secret) is None


def test_a_session_in_use_ends_after_a_day(sessions: Sessions, keys: ApiKeys, clock: ManualClock) -> None:
    secret, _ = begun(sessions, keys)
    for _ in range(23):
        clock.advance(HOUR)
        assert sessions.authenticate(secret) is not None
    clock.advance(HOUR)
    assert sessions.authenticate(secret) is None


def test_neither_secrets_nor_keys_are_stored(sessions: Sessions, keys: ApiKeys, store: ControlStore) -> None:
    secret, _ = begun(sessions, keys)
    link = sessions.create_link("acme", "ann")
    for table in (Table.SESSIONS, Table.SIGN_IN_LINKS):
        (record,) = store.scan(table, "acme", "")
        for each in (secret, link):
            assert each.rpartition("_")[2] not in f"{record.sort} {record.body!r}"


def test_an_ended_session_is_not_listed_and_opens_nothing(sessions: Sessions, keys: ApiKeys) -> None:
    secret, _ = begun(sessions, keys)
    (session,) = sessions.all("acme")
    assert session.browser == "a browser"
    assert sessions.is_open("acme", session.session_id)
    sessions.end("acme", session.session_id)
    assert not sessions.is_open("acme", session.session_id)
    assert sessions.all("acme") == []
    assert sessions.authenticate(secret) is None
    with pytest.raises(NotFound):
        sessions.get("acme", session.session_id)


def test_a_call_does_not_bring_an_ended_session_back(sessions: Sessions, keys: ApiKeys, clock: ManualClock) -> None:
    secret, _ = begun(sessions, keys)
    (session,) = sessions.all("acme")
    clock.advance(HOUR)
    sessions.end("acme", session.session_id)
    assert sessions.authenticate(secret) is None
    assert sessions.all("acme") == []


def test_only_so_many_sessions_are_open(
    sessions: Sessions, keys: ApiKeys, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.application.access.sessions.MAX_SESSIONS", 2)
    assert MAX_SESSIONS > 2
    begun(sessions, keys)
    begun(sessions, keys)
    with pytest.raises(Refused) as refused:
        begun(sessions, keys)
    assert refused.value.code == "too_many_sessions"
    clock.advance(8 * HOUR)
    begun(sessions, keys)
    assert len(sessions.all("acme")) == 1


def test_a_key_takes_no_room_from_others(
    sessions: Sessions, keys: ApiKeys, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.application.access.sessions.MAX_SESSIONS_OF_KEY", 2)
    monkeypatch.setattr("penstock.application.access.sessions.MAX_SESSIONS", 6)
    other, _ = begun(sessions, keys)
    secret, _ = create_key(keys, "acme", Role.VIEWER, "viewer")
    first, second = (sessions.begin(*sessions.use_key(secret)) for _ in range(2))
    clock.advance(HOUR)
    assert sessions.authenticate(first)
    third = sessions.begin(*sessions.use_key(secret))
    assert [bool(sessions.authenticate(each)) for each in (other, first, second, third)] == [True, True, False, True]
    for _ in range(10):
        sessions.begin(*sessions.use_link(sessions.create_link("acme", "ann")))
    bob = sessions.begin(*sessions.use_link(sessions.create_link("acme", "bob")))
    names = [session.name for session in sessions.all("acme")]
    assert sorted(names) == ["ann", "ann", "bob", "nightly", "viewer", "viewer"]
    assert sessions.authenticate(bob)


def test_a_link_works_once(sessions: Sessions) -> None:
    link = sessions.create_link("acme", "ann")
    caller, method = sessions.use_link(link)
    assert method is SignInMethod.LINK
    assert (caller.tenant_id, caller.name, caller.key_id, caller.permissions) == ("acme", "ann", None, EVERYTHING)
    with pytest.raises(Refused) as refused:
        sessions.use_link(link)
    assert refused.value.code == "sign_in_link_ended"


def test_a_link_ends_after_ten_minutes(sessions: Sessions, clock: ManualClock, store: ControlStore) -> None:
    link = sessions.create_link("acme", "ann")
    clock.advance(600)
    with pytest.raises(Refused):
        sessions.use_link(link)
    sessions.create_link("acme", "ann")
    assert len(store.scan(Table.SIGN_IN_LINKS, "acme", "")) == 1, "ended links are deleted"


@pytest.mark.parametrize("secret", ["", "acme", "acme_", f"acme_{'0' * 64}", f"../x_{'0' * 64}", f"acme_{'g' * 64}"])
def test_other_secrets_open_nothing(sessions: Sessions, keys: ApiKeys, secret: str) -> None:
    begun(sessions, keys)
    sessions.create_link("acme", "ann")
    assert sessions.authenticate(secret) is None
    with pytest.raises(Refused):
        sessions.use_link(secret)


def test_the_session_of_a_link_is_the_users_of_the_machine(sessions: Sessions) -> None:
    secret = sessions.begin(*sessions.use_link(sessions.create_link("acme", "ann")))
    signed_in = sessions.authenticate(secret)
    assert signed_in is not None
    assert (signed_in.caller.name, signed_in.caller.key_id, signed_in.caller.permissions) == ("ann", None, EVERYTHING)
