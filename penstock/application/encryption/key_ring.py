"""The key ring: a tenant's data keys, unwrapped on demand and cached for a limited time."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.domain.errors import Conflict, KeyRevoked
from penstock.domain.framing import framed
from penstock.domain.profiles.sealing import DataKey
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table
from penstock.ports.key_vault import KeyVault

KEY_BYTES = 32
LIFETIME_SECONDS = 300.0  # of a key in memory; keys that a worker derives from it live as long again
NEWEST_SECONDS = 5.0  # that a version counts as the newest
MAX_TENANTS_TRIED = 10
CACHED_KEYS = 4_096  # a tenant has five, and more after rotations


class Purpose(StrEnum):
    """The purpose of a data key; a key is never used for another one."""

    GENERAL = "general"
    PERSONAL = "personal"
    HASH = "hash"
    FILE = "file"
    PUBLISHER = "publisher"


class KeyRing:
    """Provides data keys. Raises `Unavailable` while the key service is, `KeyRevoked` for a destroyed key."""

    def __init__(self, store: ControlStore, vault: KeyVault, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store, self._vault, self._random = store, vault, random
        self._cached = ExpiringCache[tuple[str, Purpose, int], DataKey](
            clock, seconds=LIFETIME_SECONDS, max_entries=CACHED_KEYS
        )
        self._newest = ExpiringCache[tuple[str, Purpose], int](clock, seconds=NEWEST_SECONDS, max_entries=CACHED_KEYS)

    def current(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """The newest version, created on first use. One that another process has just created is used a few seconds
        later."""
        version = self._newest.get((tenant_id, purpose))
        if version is not None:
            return self.get(tenant_id, purpose, version)
        records = self._store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True)
        if not records:
            return self._add(tenant_id, purpose, version=1)
        version = int(records[0].sort)
        self._newest.put((tenant_id, purpose), version)
        return self.get(tenant_id, purpose, version)

    def get(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        """One version of a key. Raises `KeyRevoked` when it no longer exists."""
        cached = self._cached.get((tenant_id, purpose, version))
        if cached:
            return cached
        record = self._store.get(Table.DATA_KEYS, tenant_id, purpose, _sort(version))
        if record is None:
            raise KeyRevoked(f"version {version} of the {purpose} key of tenant {tenant_id} no longer exists")
        return self._unwrapped(record)

    def rotate(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """Create a new version for new writes; older versions still open what they sealed."""
        if purpose is Purpose.HASH:
            raise ValueError("a new hash key would give every person a new node")
        return self._add(tenant_id, purpose, self.current(tenant_id, purpose).version + 1)

    def close(self) -> None:
        """Remove all keys from memory."""
        self._cached.clear()
        self._newest.clear()

    def _add(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        wrapped = self._vault.wrap(self._random(KEY_BYTES), _context(tenant_id, purpose, version))
        try:
            record = self._store.create(Table.DATA_KEYS, tenant_id, purpose, _sort(version), wrapped)
        except Conflict:
            return self.get(tenant_id, purpose, version)
        self._newest.put((tenant_id, purpose), version)
        return self._unwrapped(record)

    def _unwrapped(self, record: Record) -> DataKey:
        purpose, version = Purpose(record.partition), int(record.sort)
        secret = self._vault.unwrap(record.body, _context(record.tenant_id, purpose, version))
        key = DataKey(version, secret)
        self._cached.put((record.tenant_id, purpose, version), key)
        return key


def try_vault(store: ControlStore, vault: KeyVault) -> None:
    """Unwrap one data key, if there are any. Raises `Unavailable` when the vault lacks its key."""
    for tenant_id in store.tenants()[:MAX_TENANTS_TRIED]:
        for purpose in Purpose:
            for record in store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True):
                vault.unwrap(record.body, _context(tenant_id, purpose, int(record.sort)))
                return


def _sort(version: int) -> str:
    return f"{version:010d}"


def _context(tenant_id: str, purpose: Purpose, version: int) -> bytes:
    return framed(b"penstock data key", tenant_id.encode(), purpose.encode(), version.to_bytes(4, "big"))
