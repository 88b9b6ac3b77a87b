"""The versions of the data sources' mappings in the control store, and which one is a source's current one.

An upload with a new mapping records that its request may make the version current before the request exists. The first
that finds the request completed makes the version current: the tracker, or a reader. Every step is idempotent, so that
after a crash the next one does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice, takewhile
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.requests.requests import Requests
from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict, NotFound, refusal
from penstock.domain.limits import MAX_MAPPING_VERSIONS, MAX_PAGE
from penstock.domain.mapping.mapping import ColumnMapping, Mapping
from penstock.domain.mapping.mapping_version import MappingVersion, VersionState
from penstock.domain.requests.ids import accepted_at_us
from penstock.domain.requests.request import Request, Status
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

MAX_LOOKED_AT = 20  # of the last requests of a source, for one that counts and uses a version

NEVER_ACCEPTED_SECONDS = 3_600  # after which an upload that has saved a mapping and has no request was cut off


def _no_check() -> None:
    pass


class Origin(NamedTuple):
    """Where a new version comes from: a person, or the upload of a request; it may repeat an earlier version."""

    saved_by: str
    request_id: str | None = None
    restored_from: int | None = None


class ListedVersion(NamedTuple):
    """`is_undone`: it is not the current one, because the upload that made it so was undone."""

    version: MappingVersion
    state: VersionState
    is_undone: bool = False


class MappingVersions:
    def __init__(self, store: ControlStore, requests: Requests, clock: Clock) -> None:
        self._store, self._requests, self._clock = store, requests, clock

    def current(self, tenant_id: str, source: str) -> MappingVersion | None:
        """The current version, None if there is none yet, or all that there were came with undone uploads."""
        newest = self._newest(tenant_id, source)
        if newest is None:
            return None
        if newest.current_since is not None and not self._is_reverted(tenant_id, newest):
            return newest
        self._confirm_pending(tenant_id, source)
        return self._current_of(tenant_id, self._newest_first(tenant_id, source))

    def _current_of(self, tenant_id: str, newest_first: Iterable[MappingVersion]) -> MappingVersion | None:
        were_current = (each for each in newest_first if each.current_since is not None)
        return next((each for each in were_current if not self._is_undone(tenant_id, each)), None)

    def _is_undone(self, tenant_id: str, version: MappingVersion) -> bool:
        """Whether the upload that made it current was undone, perhaps because of it, and none of the last that count
        has used it."""
        if not self._is_reverted(tenant_id, version):
            return False
        newest = islice(self._requests.newest_first(tenant_id, version.mapping.data_source), MAX_LOOKED_AT)
        return not any(each.status is Status.COMPLETED and each.mapping_version == version.version for each in newest)

    def _is_reverted(self, tenant_id: str, version: MappingVersion) -> bool:
        with suppress(NotFound):
            return (
                version.request_id is not None
                and self._requests.get(tenant_id, version.request_id).status is Status.REVERTED
            )
        return False

    def get(self, tenant_id: str, source: str, version: int) -> MappingVersion:
        """Raises `NotFound`."""
        record = self._store.get(Table.MAPPINGS, tenant_id, source, _sort(version))
        if record is None:
            raise NotFound(
                f"the data source {source[:64]!r} has no mapping of version {version}: it never had one,"
                " or it was deleted because newer ones were saved"
            )
        return _decoded(record)

    def all(self, tenant_id: str, source: str) -> list[ListedVersion]:
        """The kept versions, newest first."""
        self._confirm_pending(tenant_id, source)
        pending = {_version_of(record) for record in self._pending(tenant_id, source)}
        kept = list(self._newest_first(tenant_id, source))
        current = self._current_of(tenant_id, kept)
        number = 0 if current is None else current.version
        return [_listed(each, number, is_pending=each.version in pending) for each in kept]

    def before(self, tenant_id: str, source: str, version: int) -> int:
        """The newest kept version that is older than `version`. Raises `NotFound`."""
        older = self._store.scan(Table.MAPPINGS, tenant_id, source, after=_sort(version), limit=1, newest_first=True)
        if not older:
            raise NotFound(f"the data source {source[:64]!r} has no mapping that is older than version {version}")
        return _decoded(older[0]).version

    def current_or_pending(self, tenant_id: str, source: str) -> list[Mapping]:
        """The current mapping, and those that may become current when their uploads complete. The pending ones are read
        first: one that becomes current meanwhile is found as such."""
        self._confirm_pending(tenant_id, source)
        pending = sorted({_version_of(record) for record in self._pending(tenant_id, source)})
        current = self.current(tenant_id, source)
        newer = [(source, _sort(version)) for version in pending if current is None or version > current.version]
        records = self._store.get_each(Table.MAPPINGS, tenant_id, newer)
        found = [*map(_decoded, records), *([current] if current else [])]
        return [each.mapping for each in found]

    def save(
        self,
        tenant_id: str,
        source: str,
        columns: Sequence[ColumnMapping],
        origin: Origin,
        *,
        base: int | None = None,
        confirm: Callable[[], object] = _no_check,
    ) -> MappingVersion:
        """Save `columns` as the newest version, unless it is the same; for an upload, their order does not count,
        since the console lists first what a person has to look at, and the current version will do as well. A version
        that comes from a person is current at once, one that comes from an upload when its request completes
        (`add_pending`). `confirm` is called once it is stored; when that raises, it is not current any more.

        Raises `Refused` (precondition_failed) when `base` is given and the current version is another one.
        """
        while True:
            self.check_base(tenant_id, source, base)
            newest = self._newest(tenant_id, source)
            if origin.request_id and (same := self._same(tenant_id, source, newest, columns)):
                return same
            if not origin.request_id and newest is not None and newest.mapping.columns == tuple(columns):
                return self._made_current(tenant_id, newest, origin, confirm)
            version = 1 if newest is None else newest.version + 1
            mapping = Mapping(data_source=source, version=version, columns=tuple(columns))
            try:
                created = self._create(tenant_id, mapping, origin)
            except Conflict:
                continue  # saved concurrently; compare with that version
            self._confirmed(tenant_id, created, confirm)
            self._delete_oldest(tenant_id, source)
            return created

    def _same(
        self, tenant_id: str, source: str, newest: MappingVersion | None, columns: Sequence[ColumnMapping]
    ) -> MappingVersion | None:
        """The newest version, or else the current one if no other may follow it, that has these columns."""
        if newest is None or _are_same(newest, columns):
            return newest
        current = None if any(self._pending(tenant_id, source)) else self.current(tenant_id, source)
        return current if current and _are_same(current, columns) else None

    def check_base(self, tenant_id: str, source: str, base: int | None) -> None:
        """Raise `Refused` (precondition_failed) if there is a `base`, and the current version is another one."""
        if base is None:
            return
        current = self.current(tenant_id, source)
        if (current.version if current else 0) != base:
            raise refusal(
                "precondition_failed",
                f"the current mapping of {source[:64]!r} is not version {base} any more",
                "Read the mapping again, then decide again.",
            )

    def add_pending(self, tenant_id: str, mapping: Mapping, request_id: str) -> None:
        """Let the completion of `request_id`, which does not exist yet, make a newer mapping the current one."""
        current = self.current(tenant_id, mapping.data_source)
        if current is None or mapping.version > current.version:
            sort = _pending_sort(mapping.version, request_id)
            self._store.put(Table.PENDING_MAPPINGS, tenant_id, mapping.data_source, sort, b"{}")

    def confirm(self, request: Request) -> None:
        """Once a request has ended: make its mapping the current one if it has completed. Idempotent."""
        self._confirm(request, request.mapping_version)

    def _confirm(self, request: Request, version: int) -> None:
        where = (Table.PENDING_MAPPINGS, request.tenant_id, request.data_source)
        sort = _pending_sort(version, request.request_id)
        if not request.status.ended or self._store.get(*where, sort) is None:
            return
        if request.status in (Status.COMPLETED, Status.REVERTED):
            self._make_current(request, version)
        self._store.delete(*where, sort)

    def _confirm_pending(self, tenant_id: str, source: str) -> None:
        """Confirm each request that a version of `source` waits for. Those that were never accepted are forgotten
        after `NEVER_ACCEPTED_SECONDS`; a retried call adds its own again."""
        pending = [record.sort.split("/") for record in self._pending(tenant_id, source)]
        for start in range(0, len(pending), MAX_PAGE):
            page = pending[start : start + MAX_PAGE]
            found = self._requests.stored_each(tenant_id, list({request_id for _, request_id in page}))
            requests = {stored.request.request_id: stored.request for stored in found}
            for version, request_id in page:
                if request_id in requests:
                    self._confirm(requests[request_id], int(version))
                elif self._clock.now_us() - accepted_at_us(request_id) > NEVER_ACCEPTED_SECONDS * 1_000_000:
                    self._store.delete(Table.PENDING_MAPPINGS, tenant_id, source, f"{version}/{request_id}")

    def _make_current(self, request: Request, version: int) -> None:
        """Nothing is left to do when a newer version is current, or when this one was deleted."""
        tenant_id, source = request.tenant_id, request.data_source
        newer = takewhile(lambda each: each.version >= version, self._newest_first(tenant_id, source))
        record = self._store.get(Table.MAPPINGS, tenant_id, source, _sort(version))
        were_current = (each for each in newer if each.current_since is not None)
        if record is None or not all(self._is_reverted(tenant_id, each) for each in were_current):
            return
        confirmed = replace(_decoded(record), request_id=request.request_id, current_since=request.finished_at)
        try:
            self._store.replace(record, msgspec.json.encode(confirmed))
        except Conflict:
            self._make_current(request, version)

    def _confirmed(self, tenant_id: str, saved: MappingVersion, confirm: Callable[[], object]) -> None:
        try:
            confirm()
        except Conflict:
            where = Table.MAPPINGS, tenant_id, saved.mapping.data_source, _sort(saved.version)
            record = self._store.get(*where)
            if record is not None and _decoded(record) == saved:
                with suppress(Conflict):  # another caller has made it current, and confirms it
                    self._store.replace(record, msgspec.json.encode(replace(saved, current_since=None)))
            raise

    def _made_current(
        self, tenant_id: str, newest: MappingVersion, origin: Origin, confirm: Callable[[], object]
    ) -> MappingVersion:
        """The version when a person saves the columns of a pending one: it becomes current at once."""
        record = self._store.get(Table.MAPPINGS, tenant_id, newest.mapping.data_source, _sort(newest.version))
        is_current = newest.current_since is not None and not self._is_reverted(tenant_id, newest)
        if is_current or record is None:
            confirm()
            return newest
        at_us = self._clock.now_us()
        confirmed = replace(
            newest, saved_at=at_us, saved_by=origin.saved_by, request_id=None, restored_from=None, current_since=at_us
        )
        try:
            self._store.replace(record, msgspec.json.encode(confirmed))
        except Conflict:  # made current concurrently
            return self._made_current(
                tenant_id, self.get(tenant_id, newest.mapping.data_source, newest.version), origin, confirm
            )
        self._confirmed(tenant_id, confirmed, confirm)
        return confirmed

    def _create(self, tenant_id: str, mapping: Mapping, origin: Origin) -> MappingVersion:
        at_us = self._clock.now_us()
        created = MappingVersion(
            mapping=mapping,
            saved_at=at_us,
            saved_by=origin.saved_by,
            request_id=origin.request_id,
            restored_from=origin.restored_from,
            current_since=None if origin.request_id else at_us,
        )
        sort = _sort(mapping.version)
        self._store.create(Table.MAPPINGS, tenant_id, mapping.data_source, sort, msgspec.json.encode(created))
        return created

    def _delete_oldest(self, tenant_id: str, source: str) -> None:
        """Keep the newest versions and the current one."""
        kept = list(self._newest_first(tenant_id, source))
        current = self._current_of(tenant_id, kept)
        deleted = {each.version for each in kept[MAX_MAPPING_VERSIONS:]} - {current and current.version}
        if not deleted:
            return
        self._store.delete_each(Table.MAPPINGS, tenant_id, source, [_sort(version) for version in sorted(deleted)])
        waiting = [each.sort for each in self._pending(tenant_id, source) if _version_of(each) in deleted]
        self._store.delete_each(Table.PENDING_MAPPINGS, tenant_id, source, waiting)

    def _newest(self, tenant_id: str, source: str) -> MappingVersion | None:
        newest = self._store.scan(Table.MAPPINGS, tenant_id, source, limit=1, newest_first=True)
        return _decoded(newest[0]) if newest else None

    def _newest_first(self, tenant_id: str, source: str) -> Iterator[MappingVersion]:
        return map(_decoded, scan_all(self._store, Table.MAPPINGS, tenant_id, source, newest_first=True))

    def _pending(self, tenant_id: str, source: str) -> Iterator[Record]:
        return scan_all(self._store, Table.PENDING_MAPPINGS, tenant_id, source)


def _listed(version: MappingVersion, current: int, *, is_pending: bool) -> ListedVersion:
    """`current` is the number of the current version, 0 without one."""
    if version.version == current:
        return ListedVersion(version, VersionState.CURRENT)
    is_newer, was_current = version.version > current, version.current_since is not None
    if is_pending and is_newer:
        return ListedVersion(version, VersionState.PENDING)
    state = VersionState.EARLIER if was_current else VersionState.UNUSED
    return ListedVersion(version, state, is_undone=is_newer and was_current)


def _are_same(version: MappingVersion, columns: Sequence[ColumnMapping]) -> bool:
    """In any order; each feeds another attribute."""
    stored = version.mapping.columns
    return len(stored) == len(columns) and {each.attribute: each for each in stored} == {
        each.attribute: each for each in columns
    }


def _decoded(record: Record) -> MappingVersion:
    return msgspec.json.decode(record.body, type=MappingVersion)


def _sort(version: int) -> str:
    return f"{version:09d}"


def _pending_sort(version: int, request_id: str) -> str:
    return f"{_sort(version)}/{request_id}"


def _version_of(pending: Record) -> int:
    return int(pending.sort.partition("/")[0])
