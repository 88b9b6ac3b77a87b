"""A control store whose records are authenticated: no other program can make one that is believed.

Each stored body ends with a dot and 24 characters, the base64 of

    authority id (2 bytes) ‖ HMAC-SHA-256 of place, version and body, cut to 128 bits

under a key of the record's tenant, which HKDF-SHA-256 derives from the authority key of the installation. The place is
table, tenant, partition and sort, so that a record that is moved or copied does not count. A record under another
authority is `Unavailable`, because a service has a wrong key file more often than somebody forges an id; any other
wrong record is `Corrupt`: named in the log, and never used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec.structs import replace as changed

from penstock.application.encryption import corrupt_records
from penstock.application.encryption.corrupt_records import printable_sort
from penstock.domain.errors import Corrupt, Unavailable
from penstock.domain.framing import framed
from penstock.ports.control_store import ControlStore, Place, Put, Record, Table
from penstock.ports.key_vault import KEY_FILE

ID_BYTES, MAC_BYTES, KEY_BYTES = 2, 16, 32
TAG_BYTES = 1 + (ID_BYTES + MAC_BYTES) * 4 // 3
CACHED_TENANTS = 4_096


class AuthenticatedStore(ControlStore):
    """`store`, with the records that `authority` (32 bytes) vouches for. Reads raise `Corrupt` for all others."""

    def __init__(self, store: ControlStore, authority: bytes) -> None:
        self._store, self._authority = store, authority
        self._id = hashlib.sha256(b"penstock authority id" + authority).digest()[:ID_BYTES]
        self._key_of = lru_cache(CACHED_TENANTS)(self._derived)

    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None:
        record = self._store.get(table, tenant_id, partition, sort)
        return None if record is None else self._opened(record)

    def get_each(self, table: Table, tenant_id: str, places: Sequence[Place]) -> list[Record]:
        return [self._opened(record) for record in self._store.get_each(table, tenant_id, places)]

    def scan(
        self,
        table: Table,
        tenant_id: str,
        partition: str,
        *,
        after: str = "",
        limit: int = 1000,
        newest_first: bool = False,
    ) -> list[Record]:
        records = self._store.scan(table, tenant_id, partition, after=after, limit=limit, newest_first=newest_first)
        return [self._opened(record) for record in records]

    def create(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> Record:
        tagged = self._tagged(Record(table, tenant_id, partition, sort, body, 1))
        return changed(self._store.create(table, tenant_id, partition, sort, tagged), body=body)

    def replace(self, record: Record, body: bytes) -> Record:
        return changed(self._store.replace(record, self._tagged(_next(record, body))), body=body)

    def replace_each(self, changes: Sequence[tuple[Record, bytes]]) -> list[Record | None]:
        tagged = [(record, self._tagged(_next(record, body))) for record, body in changes]
        after = self._store.replace_each(tagged)
        return [each and changed(each, body=body) for each, (_, body) in zip(after, changes, strict=True)]

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        self.put_each(tenant_id, [Put(table, partition, sort, body)])

    def put_each(self, tenant_id: str, puts: Sequence[Put]) -> None:
        tagged = [each._replace(body=self._tagged(_put(tenant_id, each))) for each in puts]
        self._store.put_each(tenant_id, tagged)

    def put_ranked(self, table: Table, tenant_id: str, partition: str, sort: str, rank: int, body: bytes) -> None:
        tagged = self._tagged(_put(tenant_id, Put(table, partition, sort, body)))
        self._store.put_ranked(table, tenant_id, partition, sort, rank, tagged)

    def delete_unchanged(self, record: Record) -> None:
        self._store.delete_unchanged(changed(record, body=self._tagged(record)))

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        self._store.delete(table, tenant_id, partition, sort)

    def delete_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> None:
        self._store.delete_each(table, tenant_id, partition, sorts)

    def walk(self, table: Table) -> Iterator[Record]:
        return map(self._opened, self._store.walk(table))

    def verified(self, table: Table) -> Iterator[tuple[Record, bool]]:
        """Every record of a table, without its tag, and whether it is believed."""
        for tag, plain in map(_parts, self._store.walk(table)):
            yield plain, hmac.compare_digest(tag, self._tag(plain))

    def tenants(self) -> list[str]:
        return self._store.tenants()

    def close(self) -> None:
        self._store.close()

    def _tagged(self, record: Record) -> bytes:
        return record.body + self._tag(record)

    def _tag(self, record: Record) -> bytes:
        place = framed(
            record.table.encode(), record.partition.encode(), record.sort.encode(), record.version.to_bytes(8, "big")
        )
        mac = hmac.digest(self._key_of(record.tenant_id), place + record.body, "sha256")
        return b"." + base64.urlsafe_b64encode(self._id + mac[:MAC_BYTES])

    def _opened(self, record: Record) -> Record:
        """The record without its tag. Raises `Corrupt`, `Unavailable`."""
        tag, plain = _parts(record)
        if hmac.compare_digest(tag, self._tag(plain)):
            return plain
        if len(tag) == TAG_BYTES and tag[:1] == b"." and _id_of(tag) not in (b"", self._id):
            raise Unavailable(
                f"a record of {record.table} was written with another authority key: PENSTOCK_KEY_FILE or"
                " PENSTOCK_AUTHORITY_FILE may differ from that of other services; use the same file",
                dependency=KEY_FILE,
            )
        corrupt_records.report(record)
        raise Corrupt(
            f"a record of {record.table} was changed in the database by something other than Penstock, so it is not"
            f" used: tenant {record.tenant_id!r}, partition {record.partition!r}, sort {printable_sort(record)!r}"
        )

    def _derived(self, tenant_id: str) -> bytes:
        info = framed(b"penstock records", tenant_id.encode())
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(self._authority)


def _parts(record: Record) -> tuple[bytes, Record]:
    """The tag, and the record without it."""
    return record.body[-TAG_BYTES:], changed(record, body=record.body[:-TAG_BYTES])


def _id_of(tag: bytes) -> bytes:
    """The authority id of a tag; b"" for what is none."""
    try:
        return base64.urlsafe_b64decode(tag[1:])[:ID_BYTES]
    except ValueError:
        return b""


def _next(record: Record, body: bytes) -> Record:
    return changed(record, body=body, version=record.version + 1)


def _put(tenant_id: str, put: Put) -> Record:
    return Record(put.table, tenant_id, put.partition, put.sort, put.body, 0)
