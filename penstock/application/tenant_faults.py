"""Work on many tenants, of which each one's fault is its own.

A tenant with a changed record waits, and is logged. One whose records or keys are unavailable waits too; the error is
raised when all others are done, so that it is reported and the work repeated. Several such tenants in a row mean that
what all need is unavailable: then nobody else is tried, because each attempt may wait for a time-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from penstock.domain.errors import Corrupt, Unavailable

MAX_OUTAGES_IN_A_ROW = 3

T = TypeVar("T")

log = structlog.get_logger(__name__)


class TenantFaults:
    """The faults of one pass over tenants; `work` names it in the log."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._outage: Unavailable | None = None
        self._in_a_row = 0

    @property
    def is_outage(self) -> bool:
        """Whether the pass has to end here."""
        return self._in_a_row >= MAX_OUTAGES_IN_A_ROW

    def attempt(self, tenant_id: str, work: Callable[[], T], otherwise: T) -> T:
        """The result of `work`, or `otherwise` if the tenant has to wait."""
        try:
            result = work()
        except Corrupt as error:
            log.warning("tenant.waits", work=self._work, tenant=tenant_id, error=str(error))
            return otherwise
        except Unavailable as error:
            self._outage = self._outage or error
            self._in_a_row += 1
            return otherwise
        self._in_a_row = 0
        return result

    def raise_outage(self) -> None:
        """Raise the first `Unavailable` of the pass, if any."""
        if self._outage is not None:
            raise self._outage


def for_each_tenant(name: str, tenants: Iterable[str], work: Callable[[str], T]) -> Sequence[T]:
    """The results of the tenants that have no fault. Raises `Unavailable` at the end."""
    faults, results = TenantFaults(name), list[T | None]()
    for tenant_id in tenants:
        if faults.is_outage:
            break
        results.append(faults.attempt(tenant_id, partial(work, tenant_id), None))
    faults.raise_outage()
    return [result for result in results if result is not None]
