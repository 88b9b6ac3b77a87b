"""Verifying: which records of the control store are believed, of all tables and tenants."""

from __future__ import annotations

from typing import NamedTuple

from penstock.application.encryption.authenticated_store import AuthenticatedStore, printable_sort
from penstock.ports.control_store import Table

MAX_LISTED = 100  # corrupt records of a table; all are counted


class Place(NamedTuple):
    """Where a record is; `sort` is "" where it names a person."""

    tenant_id: str
    partition: str
    sort: str


class VerifiedTable(NamedTuple):
    table: Table
    records: int
    corrupt: int
    places: list[Place]  # of the first corrupt ones


def verify(store: AuthenticatedStore) -> list[VerifiedTable]:
    """Read every record. Raises `Unavailable`."""
    return [_verified(store, table) for table in Table]


def _verified(store: AuthenticatedStore, table: Table) -> VerifiedTable:
    records, corrupt, places = 0, 0, list[Place]()
    for record, is_believed in store.verified(table):
        records += 1
        if not is_believed:
            corrupt += 1
            if len(places) < MAX_LISTED:
                places.append(Place(record.tenant_id, record.partition, printable_sort(record)))
    return VerifiedTable(table, records, corrupt, places)
