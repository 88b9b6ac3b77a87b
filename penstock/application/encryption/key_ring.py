"""The key ring: a tenant's data keys, unwrapped on demand and cached for a limited time.

A check record apart from the keys says which version is the newest, and has a value that only this key gives. So a key
that is missing, that was put back as it was before a rotation, or that is another one is noticed. It is never replaced
by a new one: another hash key would give every person a new node. For the same reason, only a tenant without keys gets
a root in the key vault.

When a tenant's keys are destroyed, a record says so to all processes, also to those with keys in memory or with an
older copy of the key file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.application.requests.request_lists import MONTHS
from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict, Corrupt, KeyRevoked, NotFound
from penstock.domain.framing import framed
from penstock.domain.mapping.mapping import PlannedKey
from penstock.domain.profiles.sealing import DataKey
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table
from penstock.ports.key_vault import KeyVault, RootMissing

KEY_BYTES = 32
DESTROYED = "destroyed"  # the partition, beside the purposes, of the record that a tenant's keys were destroyed
LIFETIME_SECONDS = 300.0  # of a key in memory; keys that a worker derives from it live as long again
NEWEST_SECONDS = 5.0  # that a version counts as the newest
ALIVE_SECONDS = 5.0  # that a tenant's keys count as not destroyed
CACHED_KEYS = 4_096  # a tenant has five, and more after rotations


class Purpose(StrEnum):
    """The purpose of a data key; a key is never used for another one."""

    GENERAL = "general"
    PERSONAL = "personal"
    HASH = "hash"
    FILE = "file"
    PUBLISHER = "publisher"


# These are made for the first file of a tenant, before its request.
BEFORE_REQUESTS = frozenset({Purpose.GENERAL, Purpose.PERSONAL, Purpose.HASH, Purpose.FILE})


class _Check(msgspec.Struct, frozen=True):
    version: int
    value: str  # hexadecimal


class _Destroyed(msgspec.Struct, frozen=True):
    at: datetime


class KeyRing:
    """Provides data keys. Raises `Unavailable` while the key service is, or for a missing root; `KeyRevoked` when the
    tenant's keys were destroyed; `Corrupt` for a key that is missing or was changed."""

    def __init__(self, store: ControlStore, vault: KeyVault, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store, self._vault, self._clock, self._random = store, vault, clock, random
        self._cached = ExpiringCache[tuple[str, Purpose, int], DataKey](
            clock, seconds=LIFETIME_SECONDS, max_entries=CACHED_KEYS
        )
        self._newest = ExpiringCache[tuple[str, Purpose], int](clock, seconds=NEWEST_SECONDS, max_entries=CACHED_KEYS)
        self._alive = ExpiringCache[str, bool](clock, seconds=ALIVE_SECONDS, max_entries=CACHED_KEYS)

    def prepare(self, tenant_id: str) -> None:
        """Make the root of a tenant that has no keys yet. That of a tenant with keys is never made again.

        Raises `Refused` where only an operator can make it.
        """
        self._check_alive(tenant_id)
        if not self._has_keys(tenant_id):
            self._vault.create_root(tenant_id)

    def destroy(self, tenant_id: str) -> None:
        """Destroy the tenant's root, and with it all of its keys. No process begins anything with one after
        `ALIVE_SECONDS`.

        Again, it does the same where it was not done, such as in another copy of the key file. Raises `NotFound` for a
        tenant without keys, `Refused` where the root cannot be destroyed, and `RootMissing` when the key vault does not
        have the root that opens the tenant's keys: what else it has is none of this installation.
        """
        if not self._has_keys(tenant_id):
            raise _no_keys(tenant_id)
        is_recorded = self._store.get(Table.KEY_CHECKS, tenant_id, DESTROYED) is not None
        try:
            with suppress(KeyRevoked):
                try_keys(self._store, self._vault, tenant_id)
            self._vault.destroy(tenant_id)
        except RootMissing:
            if not is_recorded:
                raise
        if not is_recorded:
            body = msgspec.json.encode(_Destroyed(datetime.fromtimestamp(self._clock.now_us() // 1_000_000, UTC)))
            self._store.put_ranked(Table.KEY_CHECKS, tenant_id, DESTROYED, "", 1, body)
        self.close()

    def current(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """The newest version, created on first use. One that another process has just created is used a few seconds
        later. Raises `Corrupt` when it is missing, or another one, and as `prepare` does."""
        version = self._newest.get((tenant_id, purpose))
        if version is not None:
            return self.get(tenant_id, purpose, version)
        check = self._check(tenant_id, purpose)  # before the keys: of a key that is checked, the record exists
        records = self._store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True)
        version = int(records[0].sort) if records else 0
        if check and version < check.version:
            raise _missing(tenant_id, purpose, check.version)
        if not version:
            self._check_no_requests(tenant_id, purpose)
            self.prepare(tenant_id)
            return self._add(tenant_id, purpose, version=1)
        key = self.get(tenant_id, purpose, version)
        if check is None or check.version < version:  # stopped after the key was made
            self._put_check(tenant_id, purpose, key)
        elif check.value != key.check:
            raise _another(tenant_id, purpose)
        self._newest.put((tenant_id, purpose), version)
        return key

    def get(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        """One version of a key. Raises `Corrupt` when it is missing."""
        self._check_alive(tenant_id)
        cached = self._cached.get((tenant_id, purpose, version))
        if cached:
            return cached
        record = self._store.get(Table.DATA_KEYS, tenant_id, purpose, _sort(version))
        if record is None:
            raise _missing(tenant_id, purpose, version)
        return self._unwrapped(record)

    def planned(self, tenant_id: str, purpose: Purpose, planned: PlannedKey) -> DataKey:
        """The key of a plan. Raises `Corrupt` when it is missing, or another one than the plan was made with."""
        key = self.get(tenant_id, purpose, planned.version)
        if key.check != planned.check:
            raise _another(tenant_id, purpose)
        return key

    def rotate(self, tenant_id: str, purpose: Purpose) -> DataKey:
        """Create a new version for new writes; older versions still open what they sealed."""
        if purpose is Purpose.HASH:
            raise ValueError("a new hash key would give every person a new node")
        return self._add(tenant_id, purpose, self.current(tenant_id, purpose).version + 1)

    def wrap_again(self, tenant_id: str) -> int:
        """Wrap each data key of the tenant with its present root, which is made where former ones opened them; returns
        how many there are. The keys stay what they are, and what runs needs no restart.

        Raises `NotFound` for a tenant without keys, and `Refused` where only an operator can make the root.
        """
        self._check_alive(tenant_id)
        records = [each for purpose in Purpose for each in scan_all(self._store, Table.DATA_KEYS, tenant_id, purpose)]
        if not records:
            raise _no_keys(tenant_id)
        secrets = [_unwrapped(self._vault, each) for each in records]  # before a root is made: it may be missing
        self._vault.create_root(tenant_id)
        for record, secret in zip(records, secrets, strict=True):
            context = _context(tenant_id, Purpose(record.partition), int(record.sort))
            with suppress(Conflict):  # by another call just now
                self._store.replace(record, self._vault.wrap(tenant_id, secret, context))
        return len(records)

    def close(self) -> None:
        """Remove all keys from memory."""
        self._cached.clear()
        self._newest.clear()
        self._alive.clear()

    def _check_alive(self, tenant_id: str) -> None:
        """Raise `KeyRevoked` when the tenant's keys were destroyed."""
        if not self._alive.get(tenant_id):
            check_not_destroyed(self._store, tenant_id)
            self._alive.put(tenant_id, True)

    def _has_keys(self, tenant_id: str) -> bool:
        """Whether any key of the tenant was ever made."""
        if self._store.get_each(Table.KEY_CHECKS, tenant_id, [(purpose, "") for purpose in Purpose]):
            return True
        return any(self._store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1) for purpose in Purpose)

    def _check_no_requests(self, tenant_id: str, purpose: Purpose) -> None:
        """Raise `Corrupt` when the tenant has requests: their keys were there before them."""
        if purpose in BEFORE_REQUESTS and self._store.scan(Table.REQUEST_LISTS, tenant_id, MONTHS, limit=1):
            raise _missing(tenant_id, purpose, 1)

    def _add(self, tenant_id: str, purpose: Purpose, version: int) -> DataKey:
        wrapped = self._vault.wrap(tenant_id, self._random(KEY_BYTES), _context(tenant_id, purpose, version))
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
        body = msgspec.json.encode(_Check(key.version, key.check))
        self._store.put_ranked(Table.KEY_CHECKS, tenant_id, purpose, "", key.version, body)

    def _unwrapped(self, record: Record) -> DataKey:
        purpose, version = Purpose(record.partition), int(record.sort)
        key = DataKey(version, _unwrapped(self._vault, record))
        self._cached.put((record.tenant_id, purpose, version), key)
        return key


def check_not_destroyed(store: ControlStore, tenant_id: str) -> None:
    """Raise `KeyRevoked` when the store says that the tenant's keys were destroyed."""
    record = store.get(Table.KEY_CHECKS, tenant_id, DESTROYED)
    if record:
        at = msgspec.json.decode(record.body, type=_Destroyed).at
        raise KeyRevoked(
            f"the keys of tenant {tenant_id} were destroyed at {at:%Y-%m-%d %H:%M} UTC: no data of it can be read"
        )


def try_keys(store: ControlStore, vault: KeyVault, tenant_id: str) -> None:
    """Unwrap one of the tenant's data keys, if it has any. Raises the errors of `KeyVault.unwrap`."""
    check_not_destroyed(store, tenant_id)
    for purpose in Purpose:
        for record in store.scan(Table.DATA_KEYS, tenant_id, purpose, limit=1, newest_first=True):
            _unwrapped(vault, record)
            return


def _unwrapped(vault: KeyVault, record: Record) -> bytes:
    purpose, version = Purpose(record.partition), int(record.sort)
    return vault.unwrap(record.tenant_id, record.body, _context(record.tenant_id, purpose, version))


def _no_keys(tenant_id: str) -> NotFound:
    return NotFound(f"tenant {tenant_id} has no data keys, so nothing is sealed for it")


def _another(tenant_id: str, purpose: Purpose) -> Corrupt:
    return Corrupt(f"the {purpose} key of tenant {tenant_id} is another one than its data was sealed with")


def _missing(tenant_id: str, purpose: Purpose, version: int) -> Corrupt:
    return Corrupt(
        f"version {version} of the {purpose} key of tenant {tenant_id} is missing in the database, and no other key"
        " opens what it sealed: restore the table data_keys from a backup"
    )


def _sort(version: int) -> str:
    return f"{version:010d}"


def _context(tenant_id: str, purpose: Purpose, version: int) -> bytes:
    return framed(b"penstock data key", tenant_id.encode(), purpose.encode(), version.to_bytes(4, "big"))
