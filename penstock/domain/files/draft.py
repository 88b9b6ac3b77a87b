"""Drafts: files that are received part by part, before they get a request.

A part is sealed and stored on its own; the draft lists its parts in order. Each change is a new value, which the
control store accepts only if nobody else has changed the draft since it was read.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from itertools import accumulate

import msgspec
from msgspec.structs import replace

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_DRAFT_PARTS

PART_BYTES = 4 * 1024 * 1024
CHECKSUM_ALGORITHMS = ("sha1", "sha256")

_LIFETIME_US = 24 * 3_600 * 1_000_000  # after the last part


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A sealed part. `token` is the random end of its object key, `sealed_size` the object's bytes, `size` the plain
    ones."""

    token: str
    version: str
    sealed_size: int
    size: int


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A file of `length` bytes, of which `offset` bytes have arrived. `metadata` is the client's header of this name.

    `claimed_by` identifies the one call that makes a request of it, `request_id` is that request; `renamed_columns` are
    the new names of its columns by those in the file.
    """

    file_id: str
    length: int
    file_name: str
    created_by: str
    created_at: int  # microseconds since the epoch, as all times
    expires_at: int
    metadata: str = ""
    offset: int = 0
    parts: tuple[Part, ...] = ()
    claimed_by: str | None = None
    request_id: str | None = None
    renamed_columns: dict[str, str] = {}

    @property
    def complete(self) -> bool:
        return self.offset == self.length

    @property
    def part_bytes(self) -> int:
        """The bytes of a full part. An upload in full parts needs at most half of the parts that are allowed."""
        return part_bytes(self.length)

    def expired(self, now_us: int) -> bool:
        return now_us >= self.expires_at


class Checksum(msgspec.Struct, frozen=True):
    """The expected hash of the bytes of one call."""

    algorithm: str  # one of CHECKSUM_ALGORITHMS
    digest: bytes

    def check(self, pieces: hashlib._Hash) -> None:
        """Raises `Refused` (checksum_mismatch)."""
        if not hmac.compare_digest(pieces.digest(), self.digest):
            raise refusal(
                "checksum_mismatch",
                f"the bytes that arrived do not have the announced {self.algorithm} checksum",
                "Send them again: nothing of them was kept.",
            )


def part_bytes(length: int) -> int:
    """The bytes of a full part of a file of `length` bytes."""
    return max(PART_BYTES, -(-length // (MAX_DRAFT_PARTS // 2)))


def expiry(now_us: int) -> int:
    """The time at which a draft without further parts expires, in microseconds since the epoch."""
    return now_us + _LIFETIME_US


def part_offsets(parts: Sequence[Part]) -> list[int]:
    """Where each part begins in the file."""
    return list(accumulate((part.size for part in parts), initial=0))[:-1]


def check_offset(draft: Draft, offset: int) -> None:
    """Raise `Refused` (wrong_offset) unless the next part begins at `offset`."""
    if offset != draft.offset:
        raise refusal(
            "wrong_offset",
            f"the next part begins at {draft.offset:,}, not at {offset:,}",
            "Ask for the offset (HEAD), then continue there.",
        )


def check_room(draft: Draft) -> None:
    """Raise `Refused` when no more bytes may follow: beyond_length, too_many_parts."""
    if draft.complete:
        raise refusal(
            "beyond_length",
            f"the file has more bytes than the {draft.length:,} that were announced",
            "Announce its whole length, and do not change it while it is sent.",
        )
    if len(draft.parts) >= MAX_DRAFT_PARTS:
        raise refusal(
            "too_many_parts",
            f"the file came in more than {MAX_DRAFT_PARTS:,} parts",
            f"Delete it, then send it again in parts of {draft.part_bytes:,} bytes or more.",
        )


def extended(draft: Draft, parts: Sequence[Part], now_us: int) -> Draft:
    """The draft with more parts; its time begins again."""
    offset = draft.offset + sum(part.size for part in parts)
    return replace(draft, offset=offset, parts=(*draft.parts, *parts), expires_at=expiry(now_us))


def claimed(draft: Draft, call: str) -> Draft:
    """The draft for the call that makes a request of it. Raises `Refused`: file_incomplete, file_in_use."""
    if not draft.complete:
        raise refusal(
            "file_incomplete",
            f"{draft.offset:,} of {draft.length:,} bytes of the file have arrived",
            "Send the rest of the file first.",
        )
    if draft.claimed_by not in (None, call):
        raise _in_use(draft, "Repeat that call unchanged, or upload the file again.")
    return replace(draft, claimed_by=call)


def check_deletable(draft: Draft) -> None:
    """Raise `Refused` (file_in_use) while a call makes a request of the file, or when one has."""
    if draft.claimed_by is not None:
        raise _in_use(draft, "Cancel or undo its request. Without a request, it is deleted a day after its last part.")


def _in_use(draft: Draft, hint: str) -> Refused:
    owner = f"the request {draft.request_id}" if draft.request_id else "a call that makes a request of it"
    return refusal("file_in_use", f"the file already belongs to {owner}", hint)


def released(draft: Draft) -> Draft:
    """The draft after its call was refused: another call may use it."""
    return draft if draft.request_id else replace(draft, claimed_by=None)


def accepted(draft: Draft, request_id: str, renamed_columns: dict[str, str]) -> Draft:
    """The draft whose file has become that of a request: it has no parts any more."""
    return replace(draft, request_id=request_id, renamed_columns=renamed_columns, parts=())
