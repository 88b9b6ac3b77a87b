"""Drafts in the control store, and their sealed parts in the object store.

A draft's record is changed by compare-and-set only, so of two writers one wins and the other gets `Conflict`. A part
counts once the record lists it. A part that a killed process left unlisted is removed later (`sweeping.py`).

A draft that has become a request moves to another partition, so that only unfinished ones are listed and counted.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import msgspec

from penstock.application.encryption.sealed_objects import SealedObjects, part_key
from penstock.application.scanning import scan_all
from penstock.application.tenants.limits import Quotas
from penstock.domain.errors import Conflict, Corrupt, NotFound, Refused, refusal
from penstock.domain.files.compression import check_size
from penstock.domain.files.draft import Draft, Part, check_deletable, expiry, part_offsets
from penstock.domain.limits import MAX_DRAFTS, MAX_DRAFTS_OF_ONE, check_number
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table
from penstock.ports.object_store import ObjectRef

ID_BYTES = 16
OPEN, ACCEPTED = "", "accepted"  # partitions

Change = Callable[[Draft], Draft]


class StoredDraft(NamedTuple):
    """A draft as last read or written."""

    draft: Draft
    record: Record


class Drafts:
    """The drafts of all tenants, within their `quotas`."""

    def __init__(self, store: ControlStore, files: SealedObjects, quotas: Quotas, clock: Clock) -> None:
        self._store, self._files, self._quotas, self.clock = store, files, quotas, clock

    def create(self, tenant_id: str, *, length: int, file_name: str, created_by: str, metadata: str) -> Draft:
        """A new draft. Raises `Refused`: file_too_large, daily_limit_reached, too_many_drafts.

        It is counted again once it is stored, so that the limit also holds for calls at the same moment: the last of
        them sees all others. Just below the limit they may all be refused, which leaves room.
        """
        check_size(length, self._quotas.limits(tenant_id))
        self._quotas.check_day(tenant_id)
        self._check_room(tenant_id, created_by, new=1)
        now_us = self.clock.now_us()
        draft = Draft(
            file_id=secrets.token_hex(ID_BYTES),
            length=length,
            file_name=file_name,
            created_by=created_by,
            created_at=now_us,
            expires_at=expiry(now_us),
            metadata=metadata,
        )
        self._store.create(Table.DRAFTS, tenant_id, OPEN, draft.file_id, msgspec.json.encode(draft))
        try:
            self._check_room(tenant_id, created_by)
        except Refused:
            self.remove(tenant_id, draft)
            raise
        return draft

    def _check_room(self, tenant_id: str, created_by: str, new: int = 0) -> None:
        creators = Counter(draft.created_by for draft in self.open(tenant_id))
        check = partial(
            check_number,
            code="too_many_drafts",
            hint="Finish some, or delete those that will not be finished (GET /v1/files lists them).",
        )
        check(new + creators[created_by], MAX_DRAFTS_OF_ONE, what=f"files of {created_by} are being received")
        check(new + creators.total(), MAX_DRAFTS, what="files are being received")

    def stored(self, tenant_id: str, file_id: str) -> StoredDraft:
        """Raises `NotFound`, and `Refused` (file_expired) for one that has not been swept yet."""
        found = (self._store.get(Table.DRAFTS, tenant_id, partition, file_id) for partition in (OPEN, ACCEPTED))
        record = next(filter(None, found), None)
        if record is None:
            raise NotFound(f"there is no file {file_id}")
        draft = _draft(record)
        if draft.expired(self.clock.now_us()):
            hint = "Upload it again; each part extends the time by a day."
            raise refusal("file_expired", "the file was not finished in time", hint)
        return StoredDraft(draft, record)

    def open(self, tenant_id: str) -> Iterator[Draft]:
        """The drafts without a request that have not expired, in order of their ids."""
        now_us = self.clock.now_us()
        drafts = map(_draft, scan_all(self._store, Table.DRAFTS, tenant_id, OPEN))
        return (draft for draft in drafts if not draft.expired(now_us))

    def expired(self, tenant_id: str) -> list[Draft]:
        """All drafts that have expired, with a request or without."""
        now_us = self.clock.now_us()
        drafts = (
            _draft(record)
            for partition in (OPEN, ACCEPTED)
            for record in scan_all(self._store, Table.DRAFTS, tenant_id, partition)
        )
        return [draft for draft in drafts if draft.expired(now_us)]

    def replace(self, stored: StoredDraft, draft: Draft) -> StoredDraft:
        """Raises `Conflict` when it was changed or deleted since it was read."""
        if draft == stored.draft:
            return stored
        return StoredDraft(draft, self._store.replace(stored.record, msgspec.json.encode(draft)))

    def update(self, tenant_id: str, file_id: str, change: Change) -> Draft:
        """Apply `change`, again after each conflict. Raises as `stored` does, and the errors of `change`."""
        while True:
            stored = self.stored(tenant_id, file_id)
            with suppress(Conflict):
                return self.replace(stored, change(stored.draft)).draft

    def accept(self, tenant_id: str, draft: Draft) -> None:
        """Move a draft that has become a request, as `accepted` gives it. A crash in between leaves it to its claim."""
        body = msgspec.json.encode(draft)
        self._store.put(Table.DRAFTS, tenant_id, ACCEPTED, draft.file_id, body)
        self._store.delete(Table.DRAFTS, tenant_id, OPEN, draft.file_id)

    def delete(self, tenant_id: str, file_id: str) -> None:
        """Delete a draft that nobody has claimed, with its parts: the record only as it was read, so that no claim or
        part comes between. Raises as `stored` does, and `Refused` (file_in_use)."""
        while True:
            draft, record = self.stored(tenant_id, file_id)
            check_deletable(draft)
            with suppress(Conflict):
                self._store.delete_unchanged(record)
                return self.discard(tenant_id, file_id, 0, draft.parts)

    def remove(self, tenant_id: str, draft: Draft) -> None:
        """Delete a draft with its parts. The record comes first, so that no part is added meanwhile."""
        partition = OPEN if draft.request_id is None else ACCEPTED
        self._store.delete(Table.DRAFTS, tenant_id, partition, draft.file_id)
        self.discard(tenant_id, draft.file_id, 0, draft.parts)

    def discard(self, tenant_id: str, file_id: str, offset: int, parts: Sequence[Part]) -> None:
        """Delete parts that begin at `offset`."""
        for part, at in zip(parts, part_offsets(parts), strict=True):
            self._files.delete(part_key(tenant_id, file_id, offset + at, part.token))

    def read(self, tenant_id: str, draft: Draft) -> Iterator[bytes]:
        """The bytes that have arrived. Raises `Corrupt` when they are not those that were sealed, in their order."""
        if sum(part.size for part in draft.parts) != draft.offset:
            raise Corrupt(f"the parts of file {draft.file_id} are not complete")
        for part, offset in zip(draft.parts, part_offsets(draft.parts), strict=True):
            key = part_key(tenant_id, draft.file_id, offset, part.token)
            reader = self._files.open(tenant_id, ObjectRef(key, part.version, part.sealed_size))
            if reader.size != part.size:
                raise Corrupt(f"a part of file {draft.file_id} has another size than recorded")
            yield from reader.stream()


def _draft(record: Record) -> Draft:
    return msgspec.json.decode(record.body, type=Draft)
