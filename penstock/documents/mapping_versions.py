"""Versions of a mapping, as the API and the command line return them."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.catalog.mapping_changes import ChangedColumn, MappingChanges
from penstock.application.catalog.mapping_versions import ListedVersion
from penstock.documents.mappings import ColumnView, column_view
from penstock.domain.mapping.mapping_version import VersionState
from penstock.domain.requests.public_view import rfc3339


class MappingVersionView(TypedDict):
    """`request_id` is the upload that brought the version, then the one that made it current; null for a person's.

    `current_since` is null for a version that has never been the current one.
    """

    version: int
    state: VersionState
    columns: int
    saved_at: str
    saved_by: str
    request_id: str | None
    restored_from: int | None
    current_since: str | None


class MappingVersionList(TypedDict):
    """The kept versions, newest first."""

    data_source: str
    versions: list[MappingVersionView]


OptionValue = str | int | bool | list[str] | dict[str, str] | None


class ChangedOptionView(TypedDict):
    """An option before and after; null if the column does not have it."""

    option: str
    before: OptionValue
    after: OptionValue


class ChangedColumnView(TypedDict):
    """`column` is the name in the newer version."""

    column: str
    attribute: str
    options: list[ChangedOptionView]


class IdentifiersView(TypedDict):
    before: list[str]
    after: list[str]


class MappingChangesView(TypedDict):
    """From the version `base` to `version`; `identifiers` are attributes by priority, null if they are the same."""

    data_source: str
    base: int
    version: int
    added: list[ColumnView]
    removed: list[ColumnView]
    changed: list[ChangedColumnView]
    identifiers: IdentifiersView | None


def version_list(source: str, versions: list[ListedVersion]) -> MappingVersionList:
    return MappingVersionList(data_source=source, versions=[_version_view(each) for each in versions])


def changes_view(source: str, changes: MappingChanges) -> MappingChangesView:
    return MappingChangesView(
        data_source=source,
        base=changes.base,
        version=changes.version,
        added=[column_view(each) for each in changes.added],
        removed=[column_view(each) for each in changes.removed],
        changed=[_changed_column(each) for each in changes.changed],
        identifiers=changes.identifiers
        and IdentifiersView(before=list(changes.identifiers[0]), after=list(changes.identifiers[1])),
    )


def _changed_column(changed: ChangedColumn) -> ChangedColumnView:
    return ChangedColumnView(
        column=changed.label,
        attribute=changed.attribute,
        options=[ChangedOptionView(option=name, before=old, after=new) for name, old, new in changed.options],
    )


def _version_view(listed: ListedVersion) -> MappingVersionView:
    version, state = listed.version, listed.state
    return MappingVersionView(
        version=version.version,
        state=state,
        columns=len(version.mapping.columns),
        saved_at=rfc3339(version.saved_at),
        saved_by=version.saved_by,
        request_id=version.request_id,
        restored_from=version.restored_from,
        current_since=None if version.current_since is None else rfc3339(version.current_since),
    )
