"""A tenant's data sources, as they are stored."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.known_catalog import check_source_count, unknown_source
from penstock.application.catalog.revisions import check_revision
from penstock.application.scanning import scan_all
from penstock.domain.catalog.data_source import DataSource, LastFile, archived_source, check_data_source
from penstock.domain.errors import Conflict, refusal
from penstock.domain.limits import MAX_PAGE
from penstock.domain.near_names import nearest_name
from penstock.ports.control_store import ControlStore, Record, Table


class DataSources:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def find(self, tenant_id: str, name: str) -> DataSource | None:
        stored = self._stored(tenant_id, name)
        return None if stored is None else stored[1]

    def get(self, tenant_id: str, name: str) -> DataSource:
        """Raises `Refused` (unknown_data_source), which suggests a similar name."""
        found = self.find(tenant_id, name)
        if found is None:
            raise self._unknown(tenant_id, name)
        return found

    def all(self, tenant_id: str) -> list[DataSource]:
        """All data sources, archived ones included, by name."""
        return [each for each in map(_source, scan_all(self._store, Table.DATA_SOURCES, tenant_id)) if not each.deleted]

    def page(self, tenant_id: str, *, after: str, limit: int, archived: bool) -> list[DataSource]:
        """Up to `limit` data sources whose names come after `after`, by name; with `archived` also archived ones."""
        found: list[DataSource] = []
        while len(found) < limit:
            records = self._store.scan(Table.DATA_SOURCES, tenant_id, "", after=after, limit=MAX_PAGE)
            sources = map(_source, records)
            found += (each for each in sources if not each.deleted and (archived or not each.archived))
            if len(records) < MAX_PAGE:
                break
            after = records[-1].sort
        return found[:limit]

    def create(self, tenant_id: str, source: DataSource) -> DataSource:
        """The existing data source of this name, or else `source`. Raises `Refused` for an invalid field, or when the
        existing one has other settings than those given."""
        check_data_source(source)
        existing = self.find(tenant_id, source.name) or self._created(tenant_id, source)
        if any(_other(getattr(source, field), getattr(existing, field), field) for field in _SETTINGS):
            raise refusal(
                "data_source_exists",
                f"the data source {source.name!r} already exists with other settings",
                f"Use it as it is, choose another name, or change it: penstock source edit {source.name}",
            )
        return existing

    def change(
        self, tenant_id: str, name: str, change: Callable[[DataSource], DataSource], *, revision: int | None = None
    ) -> DataSource:
        """Store what `change` makes of the data source. Raises `Refused`: unknown_data_source, precondition_failed."""
        while True:
            stored = self._stored(tenant_id, name)
            if stored is None:
                raise self._unknown(tenant_id, name)
            record, current = stored
            check_revision(current.revision, revision)
            requested = check_data_source(change(current))
            if requested == current:
                return current
            changed = replace(requested, revision=current.revision + 1)
            try:
                self._store.replace(record, msgspec.json.encode(changed))
            except Conflict:
                continue  # changed concurrently: decide again
            return changed

    def use(self, tenant_id: str, name: str) -> DataSource:
        """The data source, for which a request is about to be accepted: from now on it cannot be deleted.

        Raises `Refused`: unknown_data_source, data_source_archived.
        """
        return self.change(tenant_id, name, _used)

    def keep_last_file(self, tenant_id: str, name: str, last_file: LastFile) -> None:
        """Keep how the file of a request that is about to be accepted is read, and its columns."""
        self.change(tenant_id, name, lambda source: replace(source, last_file=last_file))

    def delete(self, tenant_id: str, name: str, *, revision: int | None = None) -> None:
        """Delete a data source without requests, and its mappings. Raises `Refused` (data_source_in_use) and as
        `change` does. After a crash, the same call finishes the deletion."""
        record = self._store.get(Table.DATA_SOURCES, tenant_id, "", name)
        if record is None or not _source(record).deleted:
            self.change(tenant_id, name, _deleted, revision=revision)
        self._finish_deletion(tenant_id, name)

    def _finish_deletion(self, tenant_id: str, name: str) -> None:
        """Deletes the source last, so that an interrupted deletion can be finished."""
        for record in list(scan_all(self._store, Table.MAPPINGS, tenant_id, name)):
            self._store.delete(Table.MAPPINGS, tenant_id, name, record.sort)
        self._store.delete(Table.ATTRIBUTE_USES, tenant_id, "", name)
        self._store.delete(Table.DATA_SOURCES, tenant_id, "", name)

    def _created(self, tenant_id: str, source: DataSource) -> DataSource:
        check_source_count(1 + sum(1 for _ in scan_all(self._store, Table.DATA_SOURCES, tenant_id)))
        while True:
            try:
                self._store.create(Table.DATA_SOURCES, tenant_id, "", source.name, msgspec.json.encode(source))
            except Conflict:
                if existing := self.find(tenant_id, source.name):
                    return existing
                self._finish_deletion(tenant_id, source.name)
                continue
            return source

    def _stored(self, tenant_id: str, name: str) -> tuple[Record, DataSource] | None:
        record = self._store.get(Table.DATA_SOURCES, tenant_id, "", name)
        if record is None:
            return None
        source = _source(record)
        return None if source.deleted else (record, source)

    def _unknown(self, tenant_id: str, name: str) -> Exception:
        return unknown_source(name, nearest_name(name, [each.name for each in self.all(tenant_id)]))


_SETTINGS = ("display_name", "description", "owner", "defaults")


def _other(given: object, existing: object, field: str) -> bool:
    """Whether a setting was given, and is not the existing one."""
    return given not in (getattr(DataSource(name=""), field), existing)


def _used(source: DataSource) -> DataSource:
    if source.archived:
        raise archived_source(source.name)
    return replace(source, used=True)


def _deleted(source: DataSource) -> DataSource:
    if source.used:
        raise refusal(
            "data_source_in_use",
            f"the data source {source.name!r} has requests and cannot be deleted",
            f"Archive it: it then accepts no uploads and leaves the lists. "
            f"The command is: penstock source archive {source.name}",
        )
    return replace(source, deleted=True)


def _source(record: Record) -> DataSource:
    return msgspec.json.decode(record.body, type=DataSource)
