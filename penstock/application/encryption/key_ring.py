"""The key ring: a tenant's data keys, unwrapped on demand and cached for a limited time.

A check record apart from the keys says which version is the newest, and has a value that only this key gives. So a key
that is missing, that was put back as it was before a rotation, or that is another one is noticed. It is never replaced
by a new one: another hash key would give every person a new node.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from enum import StrEnum

import msgspec

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.domain.errors import Conflict, Corrupt, KeyRevoked
from penstock.domain.framing import framed
from penstock.domain.profiles.sealing import DataKey
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table
from penstock.ports.key_vault import KeyVault

KEY_BYTES, CHECK_BYTES = 32, 8
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


class _Check(msgspec.Struct, frozen=True):
    version: int
    value: str  # hexadecimal


class KeyRing:
    """Provides data keys. Raises `Unavailable` while the key service is, `KeyRevoked` for a destroyed key, `Corrupt`
    for one that was changed."""

    def __init__(self, store: ControlStore, vault: KeyVault, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store, self._vault, self._random = store, vault, random
        self._cached = ExpiringCache[tuple[str, Purpose, int], DataKey](
            clock, seconds=LIFETIME_SECONDS, max_entries=CACHED_KEYS
        )
        self._newest = ExpiringCache[tuple[str, Purpose], int](clock, seconds=NEWEST_SECONDS, max_entries=CACHED_KEYS)

    def current(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """The newest version, created on first use. One that another process has just created is used a few seconds
        later. Raises `Corrupt` when it is missing, or another one."""
        version = self._newest.get((tenant_id, purpose))
        if version is not None:
            return self.get(tenant_id, purpose, version)
        check = self._check(tenant_id, purpose)  # before the keys: of a key that is checked, the record exists
        records = self._store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True)
        version = int(records[0].sort) if records else 0
        if check and version < check.version:
            raise _missing(tenant_id, purpose, check.version)
        if not version:
            return self._add(tenant_id, purpose, version=1)
        key = self.get(tenant_id, purpose, version)
        if check is None or check.version < version:  # stopped after the key was made
            self._put_check(tenant_id, purpose, key)
        elif check != _check_of(key):
            raise Corrupt(f"the {purpose} key of tenant {tenant_id} is another one than its data was sealed with")
        self._newest.put((tenant_id, purpose), version)
        return key

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
        key = self._unwrapped(record)
        self._put_check(tenant_id, purpose, key)
        self._newest.put((tenant_id, purpose), version)
        return key

    def _check(self, tenant_id: str, purpose: Purpose) -> _Check | None:
        record = self._store.get(Table.KEY_CHECKS, tenant_id, purpose)
        return msgspec.json.decode(record.body, type=_Check) if record else None

    def _put_check(self, tenant_id: str, purpose: Purpose, key: DataKey) -> None:
        body = msgspec.json.encode(_check_of(key))
        self._store.put_ranked(Table.KEY_CHECKS, tenant_id, purpose, "", key.version, body)

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


def _check_of(key: DataKey) -> _Check:
    return _Check(key.version, hmac.digest(key.secret, b"penstock key check", "sha256")[:CHECK_BYTES].hex())


def _missing(tenant_id: str, purpose: Purpose, version: int) -> Corrupt:
    return Corrupt(
        f"version {version} of the {purpose} key of tenant {tenant_id} is missing in the database, and no other key"
        " opens what it sealed: restore the table data_keys from a backup"
    )


def _sort(version: int) -> str:
    return f"{version:010d}"


def _context(tenant_id: str, purpose: Purpose, version: int) -> bytes:
    return framed(b"penstock data key", tenant_id.encode(), purpose.encode(), version.to_bytes(4, "big"))
