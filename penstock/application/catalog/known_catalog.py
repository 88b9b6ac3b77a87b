"""Checks of an upload against the catalog: run by the system, or by a client with the catalog that the API returns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from typing import NamedTuple, Protocol

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.domain.catalog.data_source import DataSource, archived_source
from penstock.domain.catalog.similar_names import SimilarNames
from penstock.domain.errors import Fault, Refused, refusal, refuse_all
from penstock.domain.limits import MAX_DATA_SOURCES, check_number
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.mapping import Mapping
from penstock.domain.mapping.rules import check_size
from penstock.domain.near_names import nearest_name


class KnownCatalog(Protocol):
    """The part of a tenant's catalog that a check needs."""

    def find_source(self, name: str) -> DataSource | None: ...

    def source_names(self) -> Iterable[str]: ...

    def attributes(self) -> Dict[str, Attribute]:
        """All existing attributes by name, those built in and archived included."""
        ...

    def attributes_named(self, names: Iterable[str]) -> Dict[str, Attribute]:
        """The existing attributes among `names`, by name."""
        ...

    def mapping(self, source: str) -> Mapping:
        """The mapping that an upload without one uses. Raises `NotFound`."""
        ...

    def find_mapping(self, source: str) -> Mapping | None:
        """The saved mapping, None without one."""
        ...

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Raise `Refused` when they could not be created."""
        ...


class ResolvedMapping(NamedTuple):
    """A valid mapping that is not saved yet (version 0), its attributes in the order of its columns, and those of them
    that do not exist yet."""

    mapping: Mapping
    attributes: Sequence[Attribute]
    missing: Sequence[Attribute]


def resolve_mapping(
    source: str, columns: Sequence[ColumnSpec], catalog: KnownCatalog, new_attributes: Collection[str] = ()
) -> ResolvedMapping:
    """Raises `Refused` with every fault of `columns`, or when the missing attributes cannot be created: for example
    because their names are similar to existing ones, unless they are among `new_attributes`."""
    check_size(columns)
    known = catalog.attributes_named([each.attribute for each in columns])
    resolved = resolve_columns(columns, known)
    _check_new_names(columns, {each.name for each in resolved.missing}.difference(new_attributes), catalog)
    catalog.check_new_attributes(resolved.missing)
    mapping = Mapping(data_source=source, version=0, columns=tuple(resolved.columns))
    by_name = {**known, **{each.name: each for each in resolved.missing}}
    return ResolvedMapping(mapping, [by_name[each.attribute] for each in resolved.columns], resolved.missing)


def _check_new_names(columns: Sequence[ColumnSpec], new: Collection[str], catalog: KnownCatalog) -> None:
    """Raise `Refused` (similar_attribute) for each column with a new attribute that may be mistyped."""
    if not new:
        return
    existing = SimilarNames(catalog.attributes())
    faults = [
        Fault(
            code="similar_attribute",
            message=f"there is no attribute {column.attribute!r}, but one with the similar name {similar!r}",
            hint=f"Did you mean {similar!r}? If not, confirm that {column.attribute!r} is new: "
            f"--new-attribute {column.attribute}, or new_attributes in the API's request",
            column=column.label,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.attribute in new and (similar := existing.similar_to(column.attribute))
    ]
    refuse_all(faults)


def check_source(catalog: KnownCatalog, name: str, *, create: bool) -> DataSource:
    """The data source. Raises `Refused` when it does not exist, for example because its name is mistyped.

    With `create` it may be new, unless its name is similar to an existing one in more than its numbers: `crm_2` is no
    mistyped `crm`.
    """
    found = catalog.find_source(name)
    if found is not None:
        return found
    names = list(catalog.source_names())
    similar = nearest_name(name, [each for each in names if _letters(each) != _letters(name)])
    if not create or similar:
        raise unknown_source(name, similar)
    check_source_count(1 + len(names))
    return DataSource(name=check_name(name))


def _letters(name: str) -> str:
    """A name without its numbers and what joins them to it."""
    return re.sub("_?[0-9]+", "", name)


def check_uploadable(catalog: KnownCatalog, name: str, *, create: bool) -> DataSource:
    """As `check_source`; also raises `Refused` for an archived source."""
    source = check_source(catalog, name, create=create)
    if source.archived:
        raise archived_source(name)
    return source


def unknown_source(name: str, similar: str | None) -> Refused:
    shortened = name[:64]
    command = f"The command is: penstock source create {shortened}"
    hint = f"Did you mean {similar!r}? If not, create it first. {command}" if similar else f"Create it first. {command}"
    return refusal("unknown_data_source", f"there is no data source {shortened!r}", hint)


def check_source_count(count: int) -> None:
    check_number(
        count,
        MAX_DATA_SOURCES,
        code="too_many_data_sources",
        what="data sources",
        hint="Use an existing data source.",
    )
