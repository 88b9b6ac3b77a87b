"""The object store: named, immutable byte strings, as in an S3 service.

Promises:

- An object appears atomically: a writer that dies leaves nothing visible.
- A `version` identifies exact bytes. Reading with a version returns these bytes or raises `Corrupt`.
- Keys are plain paths of `[A-Za-z0-9._-]` segments joined by `/`, chosen by Penstock, never taken from a person.
  Any other key raises ValueError before storage is touched.
- Errors: `NotFound`; `Corrupt` (another version, or fewer bytes than requested); `Unavailable` (retry).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec


class ObjectRef(msgspec.Struct, frozen=True):
    key: str
    version: str
    size: int  # bytes


class StoredObject(msgspec.Struct, frozen=True):
    """One entry of a listing."""

    ref: ObjectRef
    modified_us: int


class ObjectStore(Protocol):
    def put(self, key: str, parts: Iterable[bytes]) -> ObjectRef:
        """Store the concatenated `parts` under `key`, replacing an existing object, in bounded memory."""
        ...

    def read(self, ref: ObjectRef, start: int = 0, length: int | None = None) -> bytes:
        """Exactly `length` bytes from `start` (to the end by default). Raises the errors above."""
        ...

    def stat(self, key: str) -> ObjectRef:
        """The current version of `key`. Raises `NotFound`."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """All objects whose key starts with `prefix` and is greater than `after`, in key order. Reads on only as far
        as the caller does: what comes later costs nothing, and neither does what comes before `after`."""
        ...

    def delete(self, key: str) -> None:
        """Remove `key`; a missing key is not an error."""
        ...

    def close(self) -> None: ...
