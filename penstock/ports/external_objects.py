"""Foreign objects: files in other services' buckets, which Penstock may read and never changes.

Who may have which object read is decided before anything here is called (`penstock/domain/access/publishing.py`).

Errors, of `open` and of whoever takes what it yields: `NotFound` (no such bucket, object or version), `NotAllowed`
(the store does not let Penstock read it), `Corrupt` (the object is not of this version any more), `Unavailable` (try
again: the store is away, or broke off before the end).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from penstock.domain.access.publishing import ObjectUri, ObjectVersion
from penstock.domain.errors import PenstockError


class NotAllowed(PenstockError):
    """The store refuses Penstock's own credentials: an operator has to grant them the right to read."""

    code = "object_not_allowed"


class ExternalObjects(Protocol):
    def open(self, uri: ObjectUri, version: ObjectVersion) -> Iterator[bytes]:
        """The bytes of exactly this version, as they come in, in bounded memory.

        Ends only after the last byte; dropping it half-way gives the connection back.
        """
        ...
