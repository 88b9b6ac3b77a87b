"""Use cases for a tenant's keys as a whole."""

from __future__ import annotations

from penstock.application.access.audit import Audit
from penstock.application.encryption.key_ring import KeyRing
from penstock.application.use_case import UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission, require_local


class KeyUseCases(UseCases):
    def __init__(self, audit: Audit, keys: KeyRing) -> None:
        super().__init__(audit)
        self._keys = keys

    @use_case(Permission.OPERATE, "tenant.destroy_key")
    def destroy_key(self, caller: Caller) -> None:
        """Destroy the root of the caller's tenant: nothing of the tenant can be read again, in any backup of the data.

        Raises `NotFound` for a tenant without keys, `RootMissing`, and `Refused`: forbidden for anybody but a user of
        the machine, key_shared, key_file_read_only.
        """
        require_local(caller, f"penstock tenant destroy-key {caller.tenant_id}")
        self._keys.destroy(caller.tenant_id)

    @use_case(Permission.OPERATE, "tenant.wrap_keys")
    def wrap_keys(self, caller: Caller) -> int:
        """Wrap the data keys of the caller's tenant with its present root; returns how many there are. Raises
        `NotFound` for a tenant without keys, and `Refused`: forbidden for anybody but a user of the machine,
        key_not_created, key_file_read_only."""
        require_local(caller, f"penstock tenant wrap-keys {caller.tenant_id}")
        return self._keys.wrap_again(caller.tenant_id)
