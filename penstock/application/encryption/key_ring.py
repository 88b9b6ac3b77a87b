"""The key ring: a tenant's data keys, unwrapped when needed and kept for a bounded time."""

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
LIFETIME_SECONDS = 300.0  # of a copy in memory; what a worker has made of it lives for as long again
MOST_TENANTS_TRIED = 10
KEYS_KEPT = 4_096  # a tenant has five, more when they are rotated


class Purpose(StrEnum):
    """What a data key is for; keys of one purpose never serve another."""

    GENERAL = "general"
    PERSONAL = "personal"
    HASH = "hash"
    FILE = "file"
    PUBLISHER = "publisher"


class KeyRing:
    """Gives out data keys. Raises `Unavailable` while the key service is away, `KeyRevoked` when a key is gone."""

    def __init__(self, store: ControlStore, vault: KeyVault, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store, self._vault, self._random = store, vault, random
        self._cached = ExpiringCache[tuple[str, Purpose, int], DataKey](clock, seconds=LIFETIME_SECONDS, most=KEYS_KEPT)

    def current(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """The newest version, made on first use."""
        records = self._store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True)
        if records:
            return self.get(tenant_id, purpose, int(records[0].sort))
        return self._add(tenant_id, purpose, version=1)

    def get(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        """One version. Raises `KeyRevoked` when there is no such key any more."""
        found = self._cached.get((tenant_id, purpose, version))
        if found:
            return found
        record = self._store.get(Table.DATA_KEYS, tenant_id, purpose, _sort(version))
        if record is None:
            raise KeyRevoked(f"version {version} of the {purpose} key of tenant {tenant_id} does not exist any more")
        return self._unwrapped(record)

    def rotate(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """A new version for new writes; older ones still open what they sealed."""
        if purpose is Purpose.HASH:
            raise ValueError("a new hash key would give every person a new node")
        return self._add(tenant_id, purpose, self.current(tenant_id, purpose).version + 1)

    def close(self) -> None:
        """Forget every key."""
        self._cached.clear()

    def _add(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        wrapped = self._vault.wrap(self._random(KEY_BYTES), _context(tenant_id, purpose, version))
        try:
            record = self._store.create(Table.DATA_KEYS, tenant_id, purpose, _sort(version), wrapped)
        except Conflict:
            return self.get(tenant_id, purpose, version)
        return self._unwrapped(record)

    def _unwrapped(self, record: Record) -> DataKey:
        purpose, version = Purpose(record.partition), int(record.sort)
        secret = self._vault.unwrap(record.body, _context(record.tenant_id, purpose, version))
        key = DataKey(version, secret)
        self._cached.put((record.tenant_id, purpose, version), key)
        return key


def try_out(store: ControlStore, vault: KeyVault) -> None:
    """Open one of the data keys, if there are any yet. Raises `Unavailable` where the vault lacks its key."""
    for tenant_id in store.tenants()[:MOST_TENANTS_TRIED]:
        for purpose in Purpose:
            for record in store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True):
                vault.unwrap(record.body, _context(tenant_id, purpose, int(record.sort)))
                return


def _sort(version: int) -> str:
    return f"{version:010d}"


def _context(tenant_id: str, purpose: Purpose, version: int) -> bytes:
    return framed(b"penstock data key", tenant_id.encode(), purpose.encode(), version.to_bytes(4, "big"))
