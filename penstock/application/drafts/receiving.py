"""Receives the bytes of a draft: sealed while they arrive, stored part by part, never in the clear.

After each part, the draft's record lists it. So a lost connection or a killed process costs one part at most, and any
uploader goes on from there. With a checksum, the bytes of one call count together or not at all.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence

from penstock.application.drafts.drafts import Drafts, StoredDraft
from penstock.application.encryption.sealed_objects import SealedObjects, part_key
from penstock.domain.errors import Conflict, Refused, refusal
from penstock.domain.files.draft import Checksum, Draft, Part, check_offset, check_room, extended
from penstock.failpoints import failpoint

TOKEN_BYTES = 16


class Receiver:
    def __init__(self, drafts: Drafts, files: SealedObjects) -> None:
        self._drafts, self._files = drafts, files

    def append(
        self, tenant_id: str, file_id: str, offset: int, pieces: Iterator[bytes], checksum: Checksum | None = None
    ) -> Draft:
        """Add the bytes of one call, which begin at `offset`. If `pieces` raises `Refused`, for example because the
        client is gone, it is raised again once what arrived before is stored, unless there is a checksum.

        Raises `NotFound`, `Refused`: file_expired, wrong_offset, checksum_mismatch, beyond_length, too_many_parts.
        """
        stored = self._drafts.stored(tenant_id, file_id)
        check_offset(stored.draft, offset)
        arriving = _Arriving(pieces, checksum.algorithm if checksum else "")
        if checksum:
            stored = self._append_whole(stored, arriving, checksum)
        else:
            stored = self._append_parts(stored, arriving)
            arriving.raise_fault()
        return stored.draft

    def _append_parts(self, stored: StoredDraft, arriving: _Arriving) -> StoredDraft:
        while arriving.more():
            part = self._sealed(stored.record.tenant_id, stored.draft, arriving)
            stored = self._recorded(stored, [part])
        return stored

    def _append_whole(self, stored: StoredDraft, arriving: _Arriving, checksum: Checksum) -> StoredDraft:
        tenant_id, draft, now_us = stored.record.tenant_id, stored.draft, self._drafts.clock.now_us()
        parts: list[Part] = []
        try:
            while arriving.more():
                parts.append(self._sealed(tenant_id, extended(draft, parts, now_us), arriving))
            arriving.raise_fault()
            checksum.check(arriving.digest)
        except BaseException:
            self._drafts.discard(tenant_id, draft.file_id, draft.offset, parts)
            raise
        return self._recorded(stored, parts)

    def _sealed(self, tenant_id: str, draft: Draft, arriving: _Arriving) -> Part:
        """The next part, stored but not listed yet."""
        check_room(draft)
        token, before = secrets.token_hex(TOKEN_BYTES), arriving.taken
        size = min(draft.part_bytes, draft.length - draft.offset)
        ref = self._files.put(tenant_id, part_key(tenant_id, draft.file_id, draft.offset, token), arriving.part(size))
        failpoint("uploader.part_stored")
        return Part(token, ref.version, ref.size, arriving.taken - before)

    def _recorded(self, stored: StoredDraft, parts: Sequence[Part]) -> StoredDraft:
        """The draft with these parts. After `Unavailable` they may be listed, so they stay."""
        draft = stored.draft
        try:
            after = self._drafts.replace(stored, extended(draft, parts, self._drafts.clock.now_us()))
        except Conflict:
            self._drafts.discard(stored.record.tenant_id, draft.file_id, draft.offset, parts)
            raise refusal(
                "wrong_offset",
                "another call has changed the file meanwhile",
                "Ask for the offset (HEAD), then continue there.",
            ) from None
        failpoint("uploader.part_recorded")
        return after


class _Arriving:
    """The bytes of one call, to be taken part by part; keeps the fault with which they ended early."""

    def __init__(self, pieces: Iterator[bytes], algorithm: str) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")
        self._fault: Refused | None = None
        self._ended = False
        self.digest = hashlib.new(algorithm or "sha256", usedforsecurity=False)
        self._hashes = bool(algorithm)
        self.taken = 0

    def more(self) -> bool:
        """Whether there are more bytes."""
        while not self._rest and not self._ended:
            self._pull()
        return bool(self._rest)

    def part(self, size: int) -> Iterator[bytes]:
        """Up to `size` bytes."""
        end = self.taken + size
        while self.taken < end and self.more():
            piece = self._rest[: end - self.taken]
            self._rest = self._rest[len(piece) :]
            self.taken += len(piece)
            yield bytes(piece)

    def raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _pull(self) -> None:
        try:
            piece = next(self._pieces, None)
        except Refused as fault:
            piece, self._fault = None, fault
        self._ended = piece is None
        self._rest = memoryview(piece or b"")
        if self._hashes:
            self.digest.update(self._rest)
