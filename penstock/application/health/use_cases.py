"""Use cases for operators: whether all parts work, and how much work there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from penstock.application.access.audit import Audit
from penstock.application.encryption.authenticated_store import AuthenticatedStore
from penstock.application.encryption.key_states import TenantKeys, key_states
from penstock.application.health.dependencies import Dependencies, began_us
from penstock.application.health.verifying import VerifiedTable, verify
from penstock.application.health.workload import DiskSpace, RunningWork, Step, Workload
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.ports.key_vault import KeyVault

READ = "system.read"
VERIFY = "system.verify"


class DependencyState(NamedTuple):
    """`problem` says what is wrong and how to fix it, "" while the dependency is available; `since` is when it began,
    in microseconds since the epoch."""

    name: str
    problem: str = ""
    since: int | None = None


class Health(NamedTuple):
    dependencies: list[DependencyState]
    steps: list[Step]  # in the order of a request's way
    work: RunningWork
    disk: DiskSpace | None


class Verification(NamedTuple):
    tables: list[VerifiedTable]
    tenants: list[TenantKeys]  # of each that has keys


class HealthUseCases(UseCases):
    """`disk` is None where the data are not on a disk of this machine."""

    def __init__(
        self,
        audit: Audit,
        dependencies: Dependencies,
        workload: Workload,
        now_us: Callable[[], int],
        disk: Callable[[], DiskSpace] | None,
        records: AuthenticatedStore,
        vault: KeyVault,
    ) -> None:
        super().__init__(audit)
        self._records, self._vault = records, vault
        self._dependencies, self._workload, self._now_us, self._disk = dependencies, workload, now_us, disk

    @use_case(Permission.OPERATE, READ, Audited.DENIED_ONLY)
    def read(self, caller: Caller) -> Health:
        """The state of the system, of all tenants. Raises `Unavailable` when the control store does not answer."""
        return Health(
            self._states(), self._workload.steps(), self._workload.running(), self._disk() if self._disk else None
        )

    @use_case(Permission.OPERATE, VERIFY)
    def verify(self, caller: Caller) -> Verification:
        """How many records of each table there are, which are not believed, and which tenants' keys can be used.
        Raises `Unavailable`."""
        return Verification(verify(self._records), key_states(self._records, self._vault))

    def _states(self) -> list[DependencyState]:
        outages, now_us = self._dependencies.outages(), self._now_us()
        began = began_us(self._dependencies.lasting(), now_us)
        return [
            DependencyState(name, outages[name], began.get(name, now_us)) if name in outages else DependencyState(name)
            for name in sorted({*self._dependencies.states(), *outages})
        ]
