from __future__ import annotations

import gc
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from penstock.application.encryption import key_ring
from penstock.application.encryption.key_ring import Purpose
from penstock.config import Settings
from penstock.domain.errors import Corrupt
from penstock.domain.profiles.sealing import DataKey
from penstock.ports.control_store import Table
from penstock.wiring import System, embedded
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
