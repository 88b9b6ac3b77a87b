"""Drafts of imports in the control store. Their files are those of `penstock/application/drafts`.

A record is changed by compare-and-set only, so two tabs of one person lose nothing of each other. It is sealed like a
file: what a person has chosen quotes values of the file, such as the options of an enumeration.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import msgspec
from msgspec.structs import replace

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.imports.import_draft import ImportDraft, expiry
from penstock.application.scanning import scan_all
from penstock.application.tenant_faults import for_each_tenant
from penstock.domain.errors import Conflict, NotFound
from penstock.domain.files.sealed_file import SALT_SIZE, SealedReader, seal_stream
from penstock.domain.framing import framed
from penstock.domain.limits import MAX_IMPORT_DRAFTS, MAX_IMPORT_DRAFTS_OF_ONE, check_number
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

ID_BYTES = 16
KEY_BYTES = 32

Change = Callable[[ImportDraft], ImportDraft]


class _Stored(msgspec.Struct, frozen=True):
    """A draft as it is stored; without its keys, only its end is known."""

    expires_at: int
    sealed: bytes


class ImportDrafts:
    """The drafts of all tenants. Raises `Unavailable`, `KeyRevoked`, `Corrupt`."""

    def __init__(self, store: ControlStore, clock: Clock, keys: KeyRing, random: Callable[[int], bytes]) -> None:
        self._store, self._clock, self._keys, self._random = store, clock, keys, random

    def create(self, tenant_id: str, *, data_source: str, created_by: str) -> ImportDraft:
        """Raises `Refused` (too_many_import_drafts)."""
        self._sweep_tenant(tenant_id)
        self._check_room(tenant_id, created_by)
        now_us = self._clock.now_us()
        draft = ImportDraft(
            draft_id=secrets.token_hex(ID_BYTES),
            created_by=created_by,
            created_at=now_us,
            expires_at=expiry(now_us),
            data_source=data_source,
            cell_key=secrets.token_hex(KEY_BYTES),
        )
        self._store.create(Table.IMPORT_DRAFTS, tenant_id, "", draft.draft_id, self._sealed(tenant_id, draft))
        return draft

    def _check_room(self, tenant_id: str, created_by: str) -> None:
        creators = Counter(draft.created_by for draft in self.open(tenant_id))
        check = partial(check_number, code="too_many_import_drafts", hint="Finish or delete some of them.")
        begun = "been begun and not finished"
        check(1 + creators[created_by], MAX_IMPORT_DRAFTS_OF_ONE, what=f"imports of {created_by} have {begun}")
        check(1 + creators.total(), MAX_IMPORT_DRAFTS, what=f"imports have {begun}")

    def get(self, tenant_id: str, draft_id: str) -> ImportDraft:
        """Raises `NotFound`."""
        return self._stored(tenant_id, draft_id)[1]

    def open(self, tenant_id: str) -> Iterator[ImportDraft]:
        """Those that have no request and have not expired, in order of their ids."""
        now_us = self._clock.now_us()
        records = scan_all(self._store, Table.IMPORT_DRAFTS, tenant_id)
        drafts = (self._opened(record) for record in records if _expires_at(record) > now_us)
        return (draft for draft in drafts if draft.request_id is None)

    def update(self, tenant_id: str, draft_id: str, change: Change) -> ImportDraft:
        """Apply `change`, again after each conflict; its time begins again. Raises `NotFound`, and as `change` does."""
        while True:
            record, draft = self._stored(tenant_id, draft_id)
            changed = change(draft)
            if changed == draft:
                return draft
            changed = replace(changed, expires_at=expiry(self._clock.now_us()))
            with suppress(Conflict):
                self._store.replace(record, self._sealed(tenant_id, changed))
                return changed

    def remove(self, tenant_id: str, draft_id: str) -> None:
        """Without its file."""
        self._store.delete(Table.IMPORT_DRAFTS, tenant_id, "", draft_id)

    def sweep(self) -> int:
        """Delete what has expired; the number of them. Raises `Unavailable` at the end."""
        return sum(for_each_tenant("import drafts", self._store.tenants(), self._sweep_tenant))

    def _sweep_tenant(self, tenant_id: str) -> int:
        now_us = self._clock.now_us()
        records = scan_all(self._store, Table.IMPORT_DRAFTS, tenant_id)
        expired = [record.sort for record in records if _expires_at(record) <= now_us]
        for draft_id in expired:
            self.remove(tenant_id, draft_id)
        return len(expired)

    def _stored(self, tenant_id: str, draft_id: str) -> tuple[Record, ImportDraft]:
        record = self._store.get(Table.IMPORT_DRAFTS, tenant_id, "", draft_id)
        if record is None or _expires_at(record) <= self._clock.now_us():
            raise NotFound("there is no such draft of an import")
        return record, self._opened(record)

    def _sealed(self, tenant_id: str, draft: ImportDraft) -> bytes:
        key = self._keys.current(tenant_id, Purpose.FILE)
        sealed = seal_stream(
            [msgspec.json.encode(draft)],
            key=key.secret,
            key_version=key.version,
            context=_context(tenant_id, draft.draft_id),
            salt=self._random(SALT_SIZE),
        )
        return msgspec.json.encode(_Stored(draft.expires_at, b"".join(sealed)))

    def _opened(self, record: Record) -> ImportDraft:
        sealed = msgspec.json.decode(record.body, type=_Stored).sealed
        reader = SealedReader(
            lambda start, length: sealed[start : start + length],
            len(sealed),
            key_of=lambda version: self._keys.get(record.tenant_id, Purpose.FILE, version).secret,
            context=_context(record.tenant_id, record.sort),
        )
        return msgspec.json.decode(reader.read(0, reader.size), type=ImportDraft)


def _expires_at(record: Record) -> int:
    return msgspec.json.decode(record.body, type=_Stored).expires_at


def _context(tenant_id: str, draft_id: str) -> bytes:
    return framed(b"penstock import draft", tenant_id.encode(), draft_id.encode())
