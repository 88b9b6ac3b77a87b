"""Corrupt records that this process has met: each is logged, and counted for the metrics."""

from __future__ import annotations

from collections import Counter

import structlog

from penstock.ports.control_store import Record, Table

log = structlog.get_logger(__name__)

counts: Counter[Table] = Counter()
_NAMES_PEOPLE = frozenset({Table.NOTIFICATIONS, Table.DUE_NOTIFICATIONS})  # their sort has an address


def report(record: Record) -> None:
    counts[record.table] += 1
    log.error(
        "record.corrupt",
        table=record.table,
        tenant_id=record.tenant_id,
        partition=record.partition,
        sort=printable_sort(record),
    )


def printable_sort(record: Record) -> str:
    """The sort of a record for logs and errors; "" where it names a person."""
    return "" if record.table in _NAMES_PEOPLE else record.sort
