"""Which tenants' keys can be used, and when a key vault is another one than theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.encryption.key_ring import Purpose
from penstock.application.encryption.key_states import KeyState, TenantKeys, key_states, try_vault
from penstock.config import Settings
from penstock.ports.control_store import Table
from penstock.ports.key_vault import RootMissing
from penstock.wiring import System, embedded

TENANTS = ("acme", "globex", "initech")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """With keys of three tenants."""
    with closing(embedded(Settings(data=tmp_path))) as system:
        for tenant_id in TENANTS:
            system.keys.current(tenant_id, Purpose.FILE)
        yield system


def lose_roots(system: System, *tenants: str) -> None:
    path = system.settings.data / "keys.json"
    content = json.loads(path.read_text())
    content["roots"] = [each for each in content["roots"] if each["tenant"] not in tenants]
    path.write_text(json.dumps(content))


def states(system: System) -> list[TenantKeys]:
    return key_states(system.control, system.vault)


def test_the_state_of_each_tenant_is_told_apart(system: System) -> None:
    assert states(system) == [TenantKeys(each, KeyState.USABLE) for each in TENANTS]
    system.keys.destroy("acme")
    lose_roots(system, "globex")
    system.control.delete(Table.DATA_KEYS, "initech", Purpose.FILE, "0000000001")
    system.control.create(Table.DATA_KEYS, "initech", Purpose.FILE, "0000000001", b"\x01")
    assert [each.state for each in states(system)] == [KeyState.DESTROYED, KeyState.MISSING, KeyState.CORRUPT]
    assert all(each.problem for each in states(system))


def test_one_root_that_is_there_shows_the_right_vault(system: System) -> None:
    system.keys.destroy("acme")
    lose_roots(system, "globex")
    try_vault(system.control, system.vault)
    lose_roots(system, "initech")
    with pytest.raises(RootMissing, match=r"of tenant (globex|initech)"):
        try_vault(system.control, system.vault)


def test_a_vault_whose_tenants_are_all_destroyed_is_right(system: System) -> None:
    for tenant_id in TENANTS:
        system.keys.destroy(tenant_id)
    try_vault(system.control, system.vault)
