from __future__ import annotations

import gc
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.encryption import key_ring
from penstock.application.encryption.key_ring import Purpose
from penstock.config import Settings
from penstock.domain.profiles.sealing import DataKey
from penstock.wiring import embedded
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
