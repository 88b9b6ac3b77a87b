"""API keys.

A key is `pk_<tenant>_<256 random bits in hex>`. Only its SHA-256 is stored, which is enough for a secret that cannot be
guessed. Keys are looked up by this hash, so response times reveal nothing about other keys.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.access.permissions import Caller, Role
from penstock.domain.days import DAY_US
from penstock.domain.errors import Conflict, NotFound, Unavailable, refusal
from penstock.domain.limits import MAX_API_KEYS, MAX_DISPLAY_NAME, MAX_KEY_DAYS, MAX_PAGE, check_length, check_number
from penstock.domain.tenants import TENANT, check_tenant
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

SECRET_BYTES = 32
LAST_USE_US = 3_600_000_000  # the precision of a key's last use, so that not every call is a write
REVOKED = "revoked"  # the partition of revoked keys: an older record that is put back is not believed
REVOKED_ADMINS = "revoked_admins"  # the partition of a tenant's `_RevokedAdmins`
_KEY = re.compile(rf"pk_(?P<tenant>{TENANT})_[0-9a-f]{{64}}")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored; `key_id` is the hash of its text. Times are microseconds since the epoch."""

    key_id: str
    name: str
    role: Role
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None  # rounded down to `LAST_USE_US`

    def is_valid(self, now_us: int) -> bool:
        return self.expires_at is None or now_us < self.expires_at


class _RevokedAdmins(msgspec.Struct, frozen=True, kw_only=True):
    """The admin keys whose revocation is decided; they are deleted now or very soon."""

    key_ids: frozenset[str] = frozenset()


class ApiKeys:
    """The keys of each tenant. Raises `Unavailable`."""

    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._recorded_uses: dict[str, int] = {}  # by key: the last use that this process recorded, or tried to

    def new_key(self, tenant_id: str, role: Role, name: str, *, expires_at: int | None = None) -> tuple[str, ApiKey]:
        """A key that is not stored yet: its text, which is never shown again, and its record. Raises `Refused`."""
        check_tenant(tenant_id)
        check_length(name, MAX_DISPLAY_NAME, what="the key's name", pointer="/name")
        self._check_expiry(expires_at)
        self._check_room(tenant_id)
        secret = f"pk_{tenant_id}_{secrets.token_hex(SECRET_BYTES)}"
        key = ApiKey(key_id=_hash(secret), name=name, role=role, created_at=self._clock.now_us(), expires_at=expires_at)
        return secret, key

    def add(self, tenant_id: str, key: ApiKey) -> None:
        """Store a new key, which makes it valid."""
        self._store.create(Table.API_KEYS, tenant_id, "", key.key_id, msgspec.json.encode(key))

    def authenticate(self, secret: str, *, remote_address: str | None = None) -> Caller | None:
        """The caller with this key; None when the key is unknown or has expired."""
        match = _KEY.fullmatch(secret)
        if match is None:
            return None
        return self.caller_of(match["tenant"], _hash(secret), remote_address=remote_address)

    def caller_of(self, tenant_id: str, key_id: str, *, remote_address: str | None = None) -> Caller | None:
        """The caller with the key `key_id`; None when it was revoked or has expired."""
        record = self._stored(tenant_id, key_id)
        if record is None:
            return None
        key, now_us = _key(record), self._clock.now_us()
        if not key.is_valid(now_us):
            return None
        self._record_use(record, key, now_us)
        return Caller(
            tenant_id=tenant_id,
            name=key.name,
            permissions=key.role.permissions,
            key_id=key_id,
            remote_address=remote_address,
        )

    def is_valid(self, caller: Caller) -> bool:
        """Whether the key of `caller` is still valid: it may expire while a long request body arrives."""
        if caller.key_id is None:
            return True
        record = self._stored(caller.tenant_id, caller.key_id)
        return record is not None and _key(record).is_valid(self._clock.now_us())

    def list_keys(self, tenant_id: str) -> list[ApiKey]:
        """All keys that were not revoked, oldest first."""
        keys = list(map(_key, scan_all(self._store, Table.API_KEYS, tenant_id)))
        revoked = self._revoked(tenant_id, [key.key_id for key in keys])
        return sorted((key for key in keys if key.key_id not in revoked), key=lambda key: (key.created_at, key.key_id))

    def get_key(self, tenant_id: str, key_id: str) -> ApiKey:
        """A key that was not revoked. Raises `NotFound`."""
        record = self._stored(tenant_id, key_id)
        if record is None:
            raise NotFound("there is no such API key")
        return _key(record)

    def revoke_key(self, tenant_id: str, key_id: str) -> None:
        """Revoke a key immediately. Raises `NotFound`, and `Refused` (last_admin_key).

        Two admins may revoke each other at the same time, in different processes. So one record per tenant lists the
        revoked admin keys, and it is updated by compare-and-set before a key is deleted. A listed key no longer counts
        as an admin key, even if it is not deleted yet.
        """
        if not self._is_left(tenant_id, key_id):
            while not self._decide(tenant_id, key_id):
                pass  # another admin was revoked at the same time: count again
        self._store.put(Table.API_KEYS, tenant_id, REVOKED, key_id, b"{}")
        self._store.delete(Table.API_KEYS, tenant_id, "", key_id)

    def _is_left(self, tenant_id: str, key_id: str) -> bool:
        """Whether a key was revoked, and its record is there: a revocation was cut short, or it was put back."""
        return len(self._records(tenant_id, key_id)) > 1

    def _stored(self, tenant_id: str, key_id: str) -> Record | None:
        """The record of a key that was not revoked."""
        found = self._records(tenant_id, key_id)
        return found[0] if len(found) == 1 and not found[0].partition else None

    def _records(self, tenant_id: str, key_id: str) -> list[Record]:
        """The record of a key and that of its revocation, as far as there are any."""
        return self._store.get_each(Table.API_KEYS, tenant_id, [("", key_id), (REVOKED, key_id)])

    def _revoked(self, tenant_id: str, key_ids: Sequence[str]) -> set[str]:
        """Those of these keys that were revoked."""
        places = [(REVOKED, key_id) for key_id in key_ids]
        pages = (places[start : start + MAX_PAGE] for start in range(0, len(places), MAX_PAGE))
        return {record.sort for page in pages for record in self._store.get_each(Table.API_KEYS, tenant_id, page)}

    def _decide(self, tenant_id: str, key_id: str) -> bool:
        """Whether the key may be deleted; False to check again after a conflict. Raises as `revoke_key` does."""
        decided = self._revoked_admins(tenant_id)  # read before the keys, so that a later revocation causes a conflict
        revoked = msgspec.json.decode(decided.body, type=_RevokedAdmins).key_ids
        keys = self.list_keys(tenant_id)
        if all(key.key_id != key_id for key in keys):
            raise NotFound("there is no such API key")
        admins = {key.key_id for key in self._admins(keys)} - revoked
        if key_id not in admins:
            return True
        if len(admins) == 1:
            raise refusal(
                "last_admin_key",
                "this is the last valid key with the role admin",
                "Create another one first: penstock key create --role admin",
            )
        not_deleted = revoked.intersection(key.key_id for key in keys)
        return self._replaced(decided, _RevokedAdmins(key_ids=not_deleted | {key_id}))

    def _revoked_admins(self, tenant_id: str) -> Record:
        record = self._store.get(Table.API_KEYS, tenant_id, REVOKED_ADMINS)
        if record is not None:
            return record
        with suppress(Conflict):  # another process created it
            return self._store.create(
                Table.API_KEYS, tenant_id, REVOKED_ADMINS, "", msgspec.json.encode(_RevokedAdmins())
            )
        return self._revoked_admins(tenant_id)

    def _replaced(self, record: Record, revoked: _RevokedAdmins) -> bool:
        try:
            self._store.replace(record, msgspec.json.encode(revoked))
        except Conflict:
            return False
        return True

    def _admins(self, keys: list[ApiKey]) -> list[ApiKey]:
        now_us = self._clock.now_us()
        return [key for key in keys if key.role is Role.ADMIN and key.is_valid(now_us)]

    def _record_use(self, record: Record, key: ApiKey, now_us: int) -> None:
        """Record the use, at most once in `LAST_USE_US`. Never fails a call: a store without a write quorum may still
        answer reads."""
        last_us = max(key.last_used_at or 0, self._recorded_uses.get(key.key_id, 0))
        if now_us - last_us < LAST_USE_US:
            return
        if len(self._recorded_uses) >= MAX_API_KEYS:
            self._recorded_uses.clear()
        self._recorded_uses[key.key_id] = now_us
        used = msgspec.structs.replace(key, last_used_at=now_us - now_us % LAST_USE_US)
        with suppress(Conflict, Unavailable):  # just revoked, recorded by another process, or the store is unavailable
            self._store.replace(record, msgspec.json.encode(used))

    def _check_expiry(self, expires_at: int | None) -> None:
        if expires_at is not None and not 0 < expires_at - self._clock.now_us() <= MAX_KEY_DAYS * DAY_US:
            raise refusal(
                "invalid_expiry",
                "this expiry is not allowed",
                f"Choose a time in the future, within {MAX_KEY_DAYS:,} days, or leave it out.",
            )

    def _check_room(self, tenant_id: str) -> None:
        check_number(
            1 + sum(1 for _ in scan_all(self._store, Table.API_KEYS, tenant_id)),
            MAX_API_KEYS,
            code="too_many_api_keys",
            what="API keys",
            hint="Revoke keys that are no longer used; the list shows when each was last used.",
        )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(record: Record) -> ApiKey:
    return msgspec.json.decode(record.body, type=ApiKey)
