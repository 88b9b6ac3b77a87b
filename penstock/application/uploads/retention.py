"""The sweep: deletes stored files without a request, and files and rejects past their retention period.

An uploader that dies between storing a file and accepting its request leaves such a file behind. Objects of a request
that has not ended are kept, however old they are.

The keys of files and rejects sort by time, so that a sweep lists only what may have to go.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from typing import NamedTuple

from penstock.application.encryption.sealed_objects import INDEX_SUFFIX, arrived_us, file_key, files_prefix
from penstock.application.requests.requests import Requests
from penstock.application.tenant_faults import for_each_tenant
from penstock.domain.days import DAY_SECONDS, DAY_US
from penstock.domain.requests.ids import accepted_at_us
from penstock.domain.requests.request import Request
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.object_store import ObjectStore

ORPHAN_SECONDS = 3_600  # a younger file may belong to a request that is being accepted
ORPHAN_US = ORPHAN_SECONDS * 1_000_000
ORPHAN_DAYS = 2  # among whose files the first sweep of a process looks for orphans; others go with their period
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
        self._checked_us: dict[str, int] = {}  # by tenant: all files that arrived before have requests

    def sweep(self) -> Swept:
        """Sweep the objects of every tenant once. Raises `Unavailable` at the end; the next sweep then continues."""
        swept = for_each_tenant("retention", self._store.tenants(), self._sweep_tenant)
        return Swept(sum(each.orphans for each in swept), sum(each.expired for each in swept))

    def _sweep_tenant(self, tenant_id: str) -> Swept:
        now_us = self._clock.now_us()
        expired = self._sweep_expired(tenant_id, now_us - self._retention_us)
        return Swept(self._sweep_orphans(tenant_id, now_us), expired)

    def _sweep_expired(self, tenant_id: str, before_us: int) -> int:
        needed, expired = cache(lambda: self._needed(tenant_id)), 0
        for prefix in (files_prefix(tenant_id), f"rejects/{tenant_id}/"):
            old = takewhile(lambda each: _named_us(each.ref.key) < before_us, self._objects.list(prefix))
            for stored in old:
                if stored.modified_us < before_us and _owner(stored.ref.key) not in needed():
                    self._objects.delete(stored.ref.key)
                    expired += 1
        return expired

    def _sweep_orphans(self, tenant_id: str, now_us: int) -> int:
        """Each file is looked at once, when it is old enough."""
        since_us = self._checked_us.get(tenant_id, now_us - ORPHAN_DAYS * DAY_US)
        checked_us = before_us = now_us - ORPHAN_US
        files: dict[str, list[str]] = {}  # each with its row index
        after = self._objects.list(files_prefix(tenant_id), file_key(tenant_id, max(0, since_us), ""))
        for stored in takewhile(lambda each: _named_us(each.ref.key) < before_us, after):
            if stored.modified_us < before_us:
                files.setdefault(_owner(stored.ref.key), []).append(stored.ref.key)
            else:
                checked_us = min(checked_us, _named_us(stored.ref.key))
        orphans = [key for file in self._unnamed(tenant_id, set(files), now_us) for key in files[file]]
        for key in orphans:
            self._objects.delete(key)
        self._checked_us[tenant_id] = checked_us
        return len(orphans)

    def _unnamed(self, tenant_id: str, files: set[str], now_us: int) -> set[str]:
        """Those of these files that no request names. Reads requests until all are named: few, unless one is not."""
        requests = self._accepted_since(tenant_id, now_us - self._retention_us)
        while files and (request := next(requests, None)) is not None:
            files.discard(request.object_key)
        return files - self._needed(tenant_id) if files else files

    def _needed(self, tenant_id: str) -> frozenset[str]:
        """The objects, or their folders, of the requests that have not ended."""
        unfinished = [request for request in self._requests.active(tenant_id) if not request.status.ended]
        rejects = (f"rejects/{tenant_id}/{request.request_id}" for request in unfinished)
        return frozenset([*(request.object_key for request in unfinished), *rejects])

    def _accepted_since(self, tenant_id: str, at_us: int) -> Iterator[Request]:
        before = ""
        while page := self._requests.list(tenant_id, before=before, limit=PAGE):
            for request in page:
                if request.accepted_at < at_us:
                    return
                yield request
            before = page[-1].request_id


def _owner(key: str) -> str:
    """What a request names: its file, of the file and its row index, or the folder of its rejects."""
    return key.removesuffix(INDEX_SUFFIX) if key.startswith("files/") else key.rpartition("/")[0]


def _named_us(key: str) -> int:
    """The time in a key: of the file's arrival, or of the request's acceptance; 0 if it has none."""
    try:
        return arrived_us(key) if key.startswith("files/") else accepted_at_us(key.split("/")[2])
    except ValueError:
        return 0
