"""Whether the keys of each tenant can be used: its root may be missing, and it may have been destroyed."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from penstock.application.encryption.key_ring import try_keys
from penstock.application.health.probing import Probe
from penstock.domain.errors import Corrupt, KeyRevoked
from penstock.ports.control_store import ControlStore
from penstock.ports.key_vault import KEY_FILE, KeyVault, RootMissing

PROBE_SECONDS = 30.0  # keys are cached; only a changed file or store matters
MAX_TENANTS_TRIED = 10


class KeyState(StrEnum):
    USABLE = "usable"
    DESTROYED = "destroyed"
    MISSING = "missing"  # the key vault does not have the root
    CORRUPT = "corrupt"


class TenantKeys(NamedTuple):
    """The state of a tenant's keys; `problem` says what is wrong, "" if nothing is."""

    tenant_id: str
    state: KeyState
    problem: str = ""


def key_states(store: ControlStore, vault: KeyVault) -> list[TenantKeys]:
    """The state of each tenant that has keys. Raises `Unavailable`."""
    return [_state(store, vault, tenant_id) for tenant_id in sorted(store.tenants())]


def key_file_probe(store: ControlStore, vault: KeyVault) -> Probe:
    """Detects a key file that differs from that of other services before a request needs it."""
    return Probe(KEY_FILE, lambda: try_vault(store, vault), PROBE_SECONDS)


def try_vault(store: ControlStore, vault: KeyVault) -> None:
    """Check that a root is there of one of the tenants, if there are any. Raises `Unavailable`, so `RootMissing` for
    a vault that is another one than the tenants' keys were wrapped with."""
    missing: RootMissing | None = None
    for tenant_id in store.tenants()[:MAX_TENANTS_TRIED]:
        try:
            try_keys(store, vault, tenant_id)
        except RootMissing as error:
            missing = missing or error
        except (KeyRevoked, Corrupt):
            pass
        else:
            return
    if missing:
        raise missing


def _state(store: ControlStore, vault: KeyVault, tenant_id: str) -> TenantKeys:
    try:
        try_keys(store, vault, tenant_id)
    except RootMissing as error:
        return TenantKeys(tenant_id, KeyState.MISSING, str(error))
    except KeyRevoked as error:
        return TenantKeys(tenant_id, KeyState.DESTROYED, str(error))
    except Corrupt as error:
        return TenantKeys(tenant_id, KeyState.CORRUPT, str(error))
    return TenantKeys(tenant_id, KeyState.USABLE)
