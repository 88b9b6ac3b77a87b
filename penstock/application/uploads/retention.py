"""The sweep: deletes stored files without a request, and files and rejects past their retention period.

An uploader that dies between storing a file and accepting its request leaves such a file behind. Objects of a request
that has not ended are kept, however old they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from penstock.application.encryption.sealed_objects import INDEX_SUFFIX
from penstock.application.requests.requests import Requests
from penstock.domain.days import DAY_SECONDS
from penstock.domain.requests.request import Request
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.object_store import ObjectStore

ORPHAN_SECONDS = 3_600  # a younger file may belong to a request that is being accepted
PAGE = 200  # requests per read


class Swept(NamedTuple):
    """The number of deleted objects, by reason."""

    orphans: int
    expired: int


class Sweeper:
    """Keeps files and rejects for `retention_days` days."""

    def __init__(
        self, *, store: ControlStore, objects: ObjectStore, requests: Requests, clock: Clock, retention_days: int
    ) -> None:
        self._store, self._objects, self._requests, self._clock = store, objects, requests, clock
        self._retention_us = retention_days * DAY_SECONDS * 1_000_000

    def sweep(self) -> Swept:
        """Sweep the objects of every tenant once. Raises `Unavailable`; the next sweep then continues."""
        swept = [self._sweep_tenant(tenant_id) for tenant_id in self._store.tenants()]
        return Swept(sum(each.orphans for each in swept), sum(each.expired for each in swept))

    def _sweep_tenant(self, tenant_id: str) -> Swept:
        now_us = self._clock.now_us()
        expiry_us = now_us - self._retention_us
        unfinished = [request for request in self._requests.active(tenant_id) if not request.status.ended]
        needed = {request.object_key for request in unfinished} | {_rejects(request) for request in unfinished}
        named = {request.object_key for request in self._accepted_since(tenant_id, expiry_us)}
        orphans = expired = 0
        for prefix in (f"files/{tenant_id}/", f"rejects/{tenant_id}/"):
            for stored in self._objects.list(prefix):
                key = stored.ref.key.removesuffix(INDEX_SUFFIX)
                if key in needed or key.rpartition("/")[0] in needed:
                    continue
                if stored.modified_us < expiry_us:
                    expired += 1
                elif key.startswith("files/") and key not in named and _is_orphan(stored.modified_us, now_us):
                    orphans += 1
                else:
                    continue
                self._objects.delete(stored.ref.key)
        return Swept(orphans, expired)

    def _accepted_since(self, tenant_id: str, at_us: int) -> Iterator[Request]:
        before = ""
        while page := self._requests.list(tenant_id, before=before, limit=PAGE):
            for request in page:
                if request.accepted_at < at_us:
                    return
                yield request
            before = page[-1].request_id


def _is_orphan(modified_us: int, now_us: int) -> bool:
    return modified_us < now_us - ORPHAN_SECONDS * 1_000_000


def _rejects(request: Request) -> str:
    return f"rejects/{request.tenant_id}/{request.request_id}"
