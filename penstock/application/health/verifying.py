"""Verifying: which records of the control store are believed, of all tables and tenants."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from penstock.application.access.api_keys import REVOKED
from penstock.application.encryption.authenticated_store import AuthenticatedStore
from penstock.application.encryption.corrupt_records import printable_sort
from penstock.application.requests.request_checks import is_older
from penstock.domain.errors import Corrupt
from penstock.domain.requests.request import Request
from penstock.ports.control_store import Record, Table

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
        if not is_believed or _is_older(store, record):
            corrupt += 1
            if len(places) < MAX_LISTED:
                places.append(Place(record.tenant_id, record.partition, printable_sort(record)))
    return VerifiedTable(table, records, corrupt, places)


def _is_older(store: AuthenticatedStore, record: Record) -> bool:
    """Whether a record was put back as it had been before something that nothing leads back from."""
    try:
        match record.table:
            case Table.REQUESTS:
                check = store.get(Table.REQUEST_CHECKS, record.tenant_id, record.partition, record.sort)
                if check is None or not is_older(_request(record), check):
                    return False
                present = store.get(Table.REQUESTS, record.tenant_id, record.partition, record.sort)
                return present is not None and is_older(_request(present), check)  # it may have changed since
            case Table.API_KEYS if not record.partition:
                return store.get(Table.API_KEYS, record.tenant_id, REVOKED, record.sort) is not None
    except Corrupt:
        return False  # the check itself is listed
    return False


def _request(record: Record) -> Request:
    return msgspec.json.decode(record.body, type=Request)
