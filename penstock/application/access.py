"""Access: who may do what for which tenant, and the record of what was done.

An API key is `pk_<tenant>_<256 random bits in hex>`. Only its SHA-256 is kept, which is enough for a secret that nobody
can guess, and it is found by that hash, so the time of an answer says nothing about any other key.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.errors import NotFound
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

AUDIT_PAGE = 200  # entries per read
SECRET_BYTES = 32
UNIQUE_BYTES = 4  # tells entries of one microsecond apart
_KEY = re.compile(r"pk_(?P<tenant>[A-Za-z0-9._-]{1,64})_[0-9a-f]{64}")


class Role(StrEnum):
    """Each role may do what those before it may."""

    VIEWER = "viewer"  # sees requests, the catalog and masked profiles
    UPLOADER = "uploader"  # uploads, undoes, downloads rejects, edits the catalog
    ADMIN = "admin"  # reveals personal values, gives out keys, reads the audit

    def covers(self, other: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key; `key_id` is the hash of its text."""

    key_id: str
    name: str
    role: Role
    created_at: int  # microseconds since the epoch


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever showed a valid key."""

    tenant_id: str
    key_id: str
    name: str
    role: Role


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done; `details` never hold a customer's value."""

    at_us: int
    who: str
    action: str
    details: dict[str, str] = {}


class Access:
    """API keys and the audit of each tenant. Raises `Unavailable`."""

    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def create_key(self, tenant_id: str, role: Role, name: str) -> tuple[str, ApiKey]:
        """A new key: its text, which is shown this once, and what is kept of it."""
        secret = f"pk_{tenant_id}_{secrets.token_hex(SECRET_BYTES)}"
        if not _KEY.fullmatch(secret):
            raise ValueError("this tenant's name cannot stand in a key")
        key = ApiKey(key_id=_hash(secret), name=name, role=role, created_at=self._clock.now_us())
        self._store.create(Table.API_KEYS, tenant_id, "", key.key_id, msgspec.json.encode(key))
        return secret, key

    def authenticate(self, secret: str) -> Principal | None:
        """Whose key this is; None when it is nobody's."""
        shape = _KEY.fullmatch(secret)
        if shape is None:
            return None
        record = self._store.get(Table.API_KEYS, shape["tenant"], "", _hash(secret))
        if record is None:
            return None
        key = _key(record)
        return Principal(tenant_id=record.tenant_id, key_id=key.key_id, name=key.name, role=key.role)

    def list_keys(self, tenant_id: str) -> list[ApiKey]:
        """All keys that have not been revoked, the oldest first."""
        keys = map(_key, scan_all(self._store, Table.API_KEYS, tenant_id))
        return sorted(keys, key=lambda key: (key.created_at, key.key_id))

    def revoke_key(self, tenant_id: str, key_id: str) -> None:
        """End a key at once. Raises `NotFound`."""
        if self._store.get(Table.API_KEYS, tenant_id, "", key_id) is None:
            raise NotFound("there is no such API key")
        self._store.delete(Table.API_KEYS, tenant_id, "", key_id)

    def audit(self, tenant_id: str, who: str, action: str, details: Mapping[str, str]) -> None:
        """Record that `who` did `action`; durable when this returns."""
        entry = AuditEntry(at_us=self._clock.now_us(), who=who, action=action, details=dict(details))
        sort = f"{entry.at_us:020d}-{secrets.token_hex(UNIQUE_BYTES)}"
        self._store.create(Table.AUDIT, tenant_id, _day(entry.at_us), sort, msgspec.json.encode(entry))

    def read_audit(
        self, tenant_id: str, *, day: str | None = None, before: str = "", limit: int = AUDIT_PAGE
    ) -> list[tuple[str, AuditEntry]]:
        """Up to `limit` entries of a day (UTC, YYYY-MM-DD; today by default), the newest first, each with its place.

        `before` is the place of the last entry that was read.
        """
        partition = day or _day(self._clock.now_us())
        records = self._store.scan(Table.AUDIT, tenant_id, partition, after=before, limit=limit, newest_first=True)
        return [(record.sort, msgspec.json.decode(record.body, type=AuditEntry)) for record in records]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(record: Record) -> ApiKey:
    return msgspec.json.decode(record.body, type=ApiKey)


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()
