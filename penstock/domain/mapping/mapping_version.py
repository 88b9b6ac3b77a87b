"""A saved version of a data source's mapping, and when it becomes the current one."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.domain.mapping.mapping import Mapping


class VersionState(StrEnum):
    CURRENT = "current"  # uploads without a mapping of their own use it
    EARLIER = "earlier"  # it was the current one
    PENDING = "pending"  # it becomes the current one when a request that uses it completes
    UNUSED = "unused"  # no request that uses it has completed, and none is under way


class MappingVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version; the newest one with a `current_since`, unless its upload was undone, is the source's current one.

    A person's version is current from the start. The version of an upload becomes current when a request that uses it
    completes. So neither redelivered events nor an older request that completes late can take a newer version back.
    Times are microseconds since the epoch.
    """

    mapping: Mapping
    saved_at: int
    saved_by: str
    request_id: str | None = None  # the upload that brought it, then the one that made it current; None: a person
    restored_from: int | None = None  # the version that it repeats
    current_since: int | None = None

    @property
    def version(self) -> int:
        return self.mapping.version
