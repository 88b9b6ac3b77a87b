"""Removes expired drafts, and parts that belong to none: of a killed process, or of a file that was deleted."""

from __future__ import annotations

from penstock.application.drafts.drafts import Drafts
from penstock.application.encryption.sealed_objects import draft_prefix
from penstock.application.tenant_faults import for_each_tenant
from penstock.application.uploads.retention import ORPHAN_SECONDS
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.object_store import ObjectStore


class DraftSweeper:
    def __init__(self, *, store: ControlStore, objects: ObjectStore, drafts: Drafts, clock: Clock) -> None:
        self._store, self._objects, self._drafts, self._clock = store, objects, drafts, clock

    def sweep(self) -> int:
        """Sweep the drafts of every tenant once; returns the number of those that had expired. Raises `Unavailable` at
        the end; the next sweep then continues."""
        return sum(for_each_tenant("drafts", self._store.tenants(), self._sweep_tenant))

    def _sweep_tenant(self, tenant_id: str) -> int:
        expired = self._drafts.expired(tenant_id)
        for draft in expired:
            self._drafts.remove(tenant_id, draft)
        receiving = {draft.file_id for draft in self._drafts.open(tenant_id)}
        self._remove_strays(tenant_id, receiving, self._clock.now_us() - ORPHAN_SECONDS * 1_000_000)
        return len(expired)

    def _remove_strays(self, tenant_id: str, receiving: set[str], before_us: int) -> None:
        """A draft that is still being received may be about to list its newest parts: all of its parts stay."""
        prefix = draft_prefix(tenant_id)
        for stored in self._objects.list(prefix):
            file_id = stored.ref.key.removeprefix(prefix).partition("/")[0]
            if file_id not in receiving and stored.modified_us < before_us:
                self._objects.delete(stored.ref.key)
