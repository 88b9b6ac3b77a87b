"""The sweep: deletes stored files that no request names, and files and rejects whose retention is over.

An uploader that dies between storing a file and accepting its request leaves such a file behind. What a request that
has not ended still needs is kept, however old it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from penstock.application.periodic import Periodic
from penstock.domain.request import Request
from penstock.wiring import System

ORPHAN_SECONDS = 3_600  # a file that is younger may belong to a request that is just being accepted
DAY_SECONDS = 86_400
PAGE = 200  # requests per read
UPKEEP_SECONDS = 3_600.0


class Swept(NamedTuple):
    """How many objects went, and why."""

    orphans: int
    expired: int


def sweep(system: System) -> Swept:
    """Sweep the objects of every tenant once. Raises `Unavailable`; what is left then, the next sweep finds."""
    swept = [_sweep_tenant(system, tenant_id) for tenant_id in system.control.tenants()]
    return Swept(sum(each.orphans for each in swept), sum(each.expired for each in swept))


def upkeep_of(system: System) -> Periodic:
    """The sweep, and what else this runtime needs done now and then."""

    def keep_up() -> None:
        sweep(system)
        system.upkeep()

    return Periodic("upkeep", keep_up, UPKEEP_SECONDS, dependencies=system.dependencies)


def _sweep_tenant(system: System, tenant_id: str) -> Swept:
    now_us = system.clock.now_us()
    expiry_us = now_us - system.settings.retention_days * DAY_SECONDS * 1_000_000
    unfinished = [request for request in system.requests.active(tenant_id) if not request.status.ended]
    needed = {request.object_key for request in unfinished} | {_rejects(request) for request in unfinished}
    named = {request.object_key for request in _accepted_since(system, tenant_id, expiry_us)}
    orphans = expired = 0
    for prefix in (f"files/{tenant_id}/", f"rejects/{tenant_id}/"):
        for stored in system.objects.list(prefix):
            key = stored.ref.key
            if key in needed or key.rpartition("/")[0] in needed:
                continue
            if stored.modified_us < expiry_us:
                expired += 1
            elif key.startswith("files/") and key not in named and _is_orphan(stored.modified_us, now_us):
                orphans += 1
            else:
                continue
            system.objects.delete(key)
    return Swept(orphans, expired)


def _accepted_since(system: System, tenant_id: str, at_us: int) -> Iterator[Request]:
    before = ""
    while page := system.requests.list(tenant_id, before=before, limit=PAGE):
        for request in page:
            if request.accepted_at < at_us:
                return
            yield request
        before = page[-1].request_id


def _is_orphan(modified_us: int, now_us: int) -> bool:
    return modified_us < now_us - ORPHAN_SECONDS * 1_000_000


def _rejects(request: Request) -> str:
    return f"rejects/{request.tenant_id}/{request.request_id}"
