"""The object store: named, immutable byte strings; what an S3 service promises.

Promises:

- An object appears whole or not at all: a writer that dies leaves nothing that a reader can see.
- A `version` names exact bytes. Reading with a version returns those bytes or raises `Corrupt`, never others.
- Keys are plain paths of `[A-Za-z0-9._-]` segments joined by `/`, chosen by Penstock, never taken from a person.
  Anything else raises ValueError before storage is touched.
- Errors: `NotFound`; `Corrupt` (another version, or fewer bytes than asked for); `Unavailable` (try again).
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
        """Store the concatenation of `parts` under `key`, replacing what was there, without holding it in memory."""
        ...

    def read(self, ref: ObjectRef, start: int = 0, length: int | None = None) -> bytes:
        """Exactly `length` bytes from `start` (to the end by default). Raises as the module says."""
        ...

    def stat(self, key: str) -> ObjectRef:
        """The present version of `key`. Raises `NotFound`."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All objects whose key starts with `prefix`, in key order."""
        ...

    def delete(self, key: str) -> None:
        """Remove `key`; a key that is not there is no error."""
        ...

    def close(self) -> None: ...
