"""The key vault: holds a root key for each tenant, which wraps the tenant's data keys, and never reveals it.

A destroyed root is gone for good: nothing that it wrapped opens again, also of an old backup of the stores, and the
tenant never gets another one.

Errors of all methods: `Unavailable` (the key service is unavailable), `RootMissing` (the vault does not have the
tenant's root: wait for an operator, who restores it), `KeyRevoked` (the root was destroyed).
"""

from __future__ import annotations

from typing import Protocol

from penstock.domain.errors import Unavailable

KEY_FILE = "key_file"  # the name of the dependency on a file with keys


class RootMissing(Unavailable):
    """The vault works, and does not have the root that a tenant's keys need, or not for this service."""


class KeyVault(Protocol):
    def create_root(self, tenant_id: str) -> None:
        """Make the tenant's root, unless it has one; of several callers at once, one makes it.

        Only for a tenant without data: a lost root has to be restored, and another one would open nothing. Raises
        `Refused` where only an operator can make it; its hint says how.
        """
        ...

    def wrap(self, tenant_id: str, key: bytes, context: bytes) -> bytes:
        """`key` (32 bytes) encrypted with the tenant's current root and bound to `context`."""
        ...

    def unwrap(self, tenant_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The inverse of `wrap`; tenant and context must be the same. Raises `Corrupt` when they are not, or when
        `wrapped` was changed."""
        ...

    def destroy(self, tenant_id: str) -> None:
        """Destroy every root of the tenant; again, it does nothing. Raises `Refused` where it cannot be destroyed here,
        or not without the roots of others; its hint says what to do."""
        ...
