from __future__ import annotations

import gc
import json
import shutil
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from penstock.application.encryption import key_ring
from penstock.application.encryption.key_ring import Purpose
from penstock.config import Settings
from penstock.domain.errors import Corrupt, KeyRevoked, NotFound
from penstock.domain.mapping.mapping import PlannedKey
from penstock.domain.profiles.sealing import DataKey
from penstock.ports.control_store import Table
from penstock.ports.key_vault import RootMissing
from penstock.wiring import System, add_tenant_root, embedded
from tests.support.manual_clock import ManualClock
from tests.support.waiting import until


def in_memory(secret: bytes) -> bool:
    """Whether any key of this process is that one."""
    return any(isinstance(each, DataKey) and each.secret == secret for each in gc.get_objects())


@pytest.mark.parametrize("purpose", Purpose)
def test_an_unused_key_is_evicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: Purpose) -> None:
    monkeypatch.setattr(key_ring, "LIFETIME_SECONDS", 0.05)
    with closing(embedded(Settings(data=tmp_path))) as system:
        secret = system.keys.current("t", purpose).secret
        until(lambda: not in_memory(secret))
        assert system.keys.current("t", purpose).secret == secret


def test_a_system_that_is_closed_has_no_keys_in_memory(tmp_path: Path) -> None:
    system = embedded(Settings(data=tmp_path))
    secret = system.keys.current("t", Purpose.HASH).secret
    assert in_memory(secret)
    system.close()
    assert not in_memory(secret)


def test_only_so_many_keys_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "CACHED_KEYS", 3)
    with closing(embedded(Settings(data=tmp_path))) as system:
        secrets = [system.keys.current(f"t{number}", Purpose.HASH).secret for number in range(5)]
        assert [in_memory(secret) for secret in secrets] == [False, False, True, True, True]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def ring(folder: Path) -> AbstractContextManager[System]:
    """A system whose key ring has read nothing yet."""
    return closing(embedded(Settings(data=folder)))


@pytest.mark.parametrize("purpose", Purpose)
def test_a_missing_key_is_never_replaced_by_another(folder: Path, purpose: Purpose) -> None:
    with ring(folder) as system:
        system.keys.current("t", purpose)
        system.control.delete(Table.DATA_KEYS, "t", purpose, "0000000001")
    with ring(folder) as system, pytest.raises(Corrupt, match=f"version 1 of the {purpose} key of tenant t is missing"):
        system.keys.current("t", purpose)


def test_the_newest_key_is_missed(folder: Path) -> None:
    with ring(folder) as system:
        system.keys.rotate("t", Purpose.GENERAL)
        system.control.delete(Table.DATA_KEYS, "t", Purpose.GENERAL, "0000000002")
    with ring(folder) as system, pytest.raises(Corrupt, match="version 2"):
        system.keys.current("t", Purpose.GENERAL)


def test_another_key_is_noticed(folder: Path) -> None:
    with ring(folder) as system:
        system.keys.current("t", Purpose.HASH)
        check = system.control.get(Table.KEY_CHECKS, "t", Purpose.HASH)
        assert check
        body = check.body[:-3] + (b"0" if check.body[-3:-2] != b"0" else b"1") + check.body[-2:]
        system.control.put_ranked(Table.KEY_CHECKS, "t", Purpose.HASH, "", 2, body)
    with ring(folder) as system, pytest.raises(Corrupt, match="another one"):
        system.keys.current("t", Purpose.HASH)


def test_a_key_without_a_check_gets_one(folder: Path) -> None:
    """The process that made it was stopped in between."""
    with ring(folder) as system:
        first = system.keys.rotate("t", Purpose.GENERAL)
        system.control.delete(Table.KEY_CHECKS, "t", Purpose.GENERAL)
    with ring(folder) as system:
        assert system.keys.current("t", Purpose.GENERAL) == first
        assert system.control.get(Table.KEY_CHECKS, "t", Purpose.GENERAL)
        assert system.keys.current("t", Purpose.GENERAL) == first


@pytest.mark.parametrize("purpose", Purpose)
def test_a_version_that_is_named_and_missing_is_corrupt(folder: Path, purpose: Purpose) -> None:
    """For a worker or a reader, which do not ask for the newest key."""
    with ring(folder) as system:
        system.keys.current("t", purpose)
        system.control.delete(Table.DATA_KEYS, "t", purpose, "0000000001")
    with ring(folder) as system, pytest.raises(Corrupt, match="is missing in the database"):
        system.keys.get("t", purpose, 1)


def test_a_plan_opens_with_its_own_key_alone(folder: Path) -> None:
    with ring(folder) as system:
        key = system.keys.current("t", Purpose.GENERAL)
        assert system.keys.planned("t", Purpose.GENERAL, PlannedKey(1, key.check)) == key
        for check in ("", "0" * 16, system.keys.current("t", Purpose.PERSONAL).check):
            with pytest.raises(Corrupt, match="the general key of tenant t is another one"):
                system.keys.planned("t", Purpose.GENERAL, PlannedKey(1, check))


@pytest.fixture
def early(folder: Path) -> Path:
    """A copy of the key file of before the first tenant came."""
    with ring(folder):
        return Path(shutil.copy(folder / "keys.json", folder / "early.json"))


@pytest.mark.parametrize("purpose", [Purpose.GENERAL, Purpose.PUBLISHER])
def test_a_tenant_with_keys_gets_no_other_root(folder: Path, early: Path, purpose: Purpose) -> None:
    with ring(folder) as system:
        key = system.keys.current("t", Purpose.GENERAL)
    complete = (folder / "keys.json").read_bytes()
    shutil.copy(early, folder / "keys.json")
    with ring(folder) as system:
        with pytest.raises(RootMissing):
            system.keys.current("t", purpose)
        assert system.keys.current("new", purpose).version == 1
    assert b'"tenant":"t"' not in (folder / "keys.json").read_bytes()
    (folder / "keys.json").write_bytes(complete)
    with ring(folder) as system:
        assert system.keys.current("t", Purpose.GENERAL) == key


def test_a_key_without_a_check_keeps_its_tenant_from_another_root(folder: Path, early: Path) -> None:
    """The process that made it was stopped in between, and the key file then lost."""
    with ring(folder) as system:
        system.keys.current("t", Purpose.GENERAL)
        system.control.delete(Table.KEY_CHECKS, "t", Purpose.GENERAL)
    shutil.copy(early, folder / "keys.json")
    with ring(folder) as system, pytest.raises(RootMissing):
        system.keys.current("t", Purpose.HASH)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.PUBLISHER])
def test_a_tenant_with_requests_gets_no_first_key(folder: Path, purpose: Purpose) -> None:
    with ring(folder) as system:
        system.control.put(Table.REQUEST_LISTS, "t", "months", "2026-11", b"{}")
        with pytest.raises(Corrupt, match="is missing in the database"):
            system.keys.current("t", purpose)
        assert system.keys.current("t", Purpose.PUBLISHER).version == 1


def test_destroyed_keys_are_used_no_more(folder: Path) -> None:
    clock = ManualClock()
    with closing(embedded(Settings(data=folder), clock=clock)) as running, ring(folder) as system:
        key, others = running.keys.current("t", Purpose.GENERAL), running.keys.current("other", Purpose.GENERAL)
        system.keys.destroy("t")
        for each in (lambda: system.keys.current("t", Purpose.HASH), lambda: system.keys.prepare("t")):
            with pytest.raises(KeyRevoked, match="the keys of tenant t were destroyed at"):
                each()
        assert running.keys.get("t", Purpose.GENERAL, 1) == key
        clock.sleep(key_ring.ALIVE_SECONDS)
        with pytest.raises(KeyRevoked):
            running.keys.get("t", Purpose.GENERAL, 1)
        with pytest.raises(KeyRevoked):
            running.keys.current("t", Purpose.PUBLISHER)
        assert running.keys.current("other", Purpose.GENERAL) == others


def test_keys_stay_destroyed_with_an_older_store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    backup = tmp_path_factory.mktemp("backup") / "data"
    with ring(folder) as system:
        system.keys.current("t", Purpose.GENERAL)
    shutil.copytree(folder, backup)
    with ring(folder) as system:
        system.keys.destroy("t")
    shutil.copy(folder / "keys.json", backup / "keys.json")
    with ring(backup) as system, pytest.raises(KeyRevoked):
        system.keys.current("t", Purpose.GENERAL)


def test_keys_stay_destroyed_with_an_older_key_file(folder: Path) -> None:
    with ring(folder) as system:
        system.keys.current("t", Purpose.GENERAL)
        older = (folder / "keys.json").read_bytes()
        system.keys.destroy("t")
    (folder / "keys.json").write_bytes(older)
    with ring(folder) as system:
        with pytest.raises(KeyRevoked):
            system.keys.current("t", Purpose.GENERAL)
        system.keys.destroy("t")  # in this copy too
    assert (folder / "keys.json").read_bytes() != older


def test_only_the_root_of_the_tenants_keys_is_destroyed(folder: Path, early: Path) -> None:
    """The key file is another one than the data were sealed with."""
    with ring(folder) as system:
        system.keys.current("t", Purpose.GENERAL)
    shutil.copy(early, folder / "keys.json")
    add_tenant_root(folder / "keys.json", "t")
    with ring(folder) as system:
        for tenant_id, error in (("t", RootMissing), ("nobody", NotFound)):
            with pytest.raises(error):
                system.keys.destroy(tenant_id)
        with pytest.raises(RootMissing):
            system.keys.current("t", Purpose.GENERAL)


def test_keys_that_are_wrapped_again_need_no_former_root(folder: Path, early: Path) -> None:
    file = folder / "keys.json"
    with ring(folder) as system:
        keys = [system.keys.current("t", purpose) for purpose in Purpose]
        keys.append(system.keys.rotate("t", Purpose.GENERAL))
        roots = json.loads(file.read_text())
    shutil.copy(early, folder / "another.json")
    add_tenant_root(folder / "another.json", "t")
    (new,) = [each for each in json.loads((folder / "another.json").read_text())["roots"] if each["tenant"] == "t"]
    file.write_text(json.dumps({**roots, "roots": [new, *roots["roots"]]}))
    with ring(folder) as system:
        assert system.keys.wrap_again("t") == len(keys)
        with pytest.raises(NotFound):
            system.keys.wrap_again("nobody")
    file.write_text(json.dumps({**roots, "roots": [new]}))
    with ring(folder) as system:
        assert [system.keys.get("t", Purpose.GENERAL, version) for version in (1, 2)] == [keys[0], keys[-1]]
        assert [system.keys.current("t", purpose) for purpose in Purpose] == [keys[-1], *keys[1:-1]]


def test_nothing_is_wrapped_with_another_root_while_the_right_one_is_missing(folder: Path, early: Path) -> None:
    with ring(folder) as system:
        key = system.keys.current("t", Purpose.GENERAL)
    whole = (folder / "keys.json").read_bytes()
    shutil.copy(early, folder / "keys.json")
    with ring(folder) as system, pytest.raises(RootMissing):
        system.keys.wrap_again("t")
    assert not [each for each in json.loads((folder / "keys.json").read_text())["roots"] if each["tenant"] == "t"]
    (folder / "keys.json").write_bytes(whole)
    with ring(folder) as system:
        assert system.keys.current("t", Purpose.GENERAL) == key
