"""External objects: files in other services' buckets, which Penstock reads but never changes.

Callers check first who may offer which object (`penstock/domain/access/publishing.py`).

Errors of `open` and of its iterator: `NotFound` (no such bucket, object or version), `NotAllowed` (Penstock has no
right to read it), `Corrupt` (the object no longer has this version), `Unavailable` (retry: the store is unavailable, or
the response broke off).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from penstock.domain.access.publishing import ObjectUri, ObjectVersion
from penstock.domain.errors import PenstockError


class NotAllowed(PenstockError):
    """The store denies access to Penstock's credentials: an operator has to grant them the right to read."""

    code = "object_not_allowed"


class ExternalObjects(Protocol):
    def open(self, uri: ObjectUri, version: ObjectVersion) -> Iterator[bytes]:
        """The bytes of exactly this version, streamed in bounded memory.

        Ends only after the last byte; closing it earlier releases the connection.
        """
        ...
