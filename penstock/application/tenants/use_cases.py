"""Use cases for the limits of a tenant."""

from __future__ import annotations

from penstock.application.access.audit import Audit
from penstock.application.tenants.limits import StoredLimits
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission, require_local
from penstock.domain.tenant_limits import TenantLimits


class TenantUseCases(UseCases):
    """For users of the machine alone: each raises `Refused` (forbidden) for others."""

    def __init__(self, audit: Audit, limits: StoredLimits) -> None:
        super().__init__(audit)
        self._limits = limits

    @use_case(Permission.OPERATE, "tenant.read_limits", Audited.DENIED_ONLY)
    def limits(self, caller: Caller) -> TenantLimits:
        """The limits of the caller's tenant."""
        require_local(caller, f"penstock tenant limits {caller.tenant_id}")
        return self._limits.stored(caller.tenant_id)

    @use_case(Permission.OPERATE, "tenant.set_limits")
    def set_limits(self, caller: Caller, limits: TenantLimits) -> None:
        """Replace the limits of the caller's tenant; in force everywhere after a few seconds."""
        require_local(caller, f"penstock tenant limits {caller.tenant_id}")
        self._limits.set(caller.tenant_id, limits)
