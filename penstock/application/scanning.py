"""Reads a complete partition of the control store, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.ports.control_store import ControlStore, Record, Table

PAGE = 200  # records per scan


def scan_all(
    store: ControlStore,
    table: Table,
    tenant_id: str,
    partition: str = "",
    *,
    after: str = "",
    newest_first: bool = False,
) -> Iterator[Record]:
    """Every record of a partition after `after`, in scan order. Raises `Unavailable`."""
    while True:
        page = store.scan(table, tenant_id, partition, after=after, limit=PAGE, newest_first=newest_first)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].sort
