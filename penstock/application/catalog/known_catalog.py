"""What can be checked with the catalog before it is changed: by the system, or far from it with what the API shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from typing import NamedTuple, Protocol

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_DATA_SOURCES, check_number
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.mapping import Mapping
from penstock.domain.mapping.rules import check_size
from penstock.domain.near_names import nearest_name


class KnownCatalog(Protocol):
    """The part of a tenant's catalog that a check needs."""

    def has_source(self, name: str) -> bool: ...

    def source_names(self) -> Iterable[str]: ...

    def attributes(self) -> Dict[str, Attribute]:
        """All existing attributes by name, those built in included."""
        ...

    def attributes_named(self, names: Iterable[str]) -> Dict[str, Attribute]:
        """The existing attributes among `names`, by name."""
        ...

    def mapping(self, source: str) -> Mapping:
        """The saved mapping of a data source. Raises `NotFound`."""
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


def resolve_mapping(source: str, columns: Sequence[ColumnSpec], catalog: KnownCatalog) -> ResolvedMapping:
    """Raises `Refused` with every fault of `columns`, or when the missing attributes cannot be created."""
    check_size(columns)
    known = catalog.attributes_named([each.attribute for each in columns])
    resolved = resolve_columns(columns, known)
    catalog.check_new_attributes(resolved.missing)
    mapping = Mapping(data_source=source, version=0, columns=tuple(resolved.columns))
    by_name = {**known, **{each.name: each for each in resolved.missing}}
    return ResolvedMapping(mapping, [by_name[each.attribute] for each in resolved.columns], resolved.missing)


def check_source(catalog: KnownCatalog, name: str, *, create: bool) -> None:
    """Raise `Refused` for a data source that does not exist, for example because it is mistyped.

    With `create` it may be new, unless its name is similar to an existing one.
    """
    if catalog.has_source(name):
        return
    names = list(catalog.source_names())
    similar = nearest_name(name, names)
    if not create or similar:
        raise unknown_source(name, similar)
    check_name(name)
    check_source_count(1 + len(names))


def unknown_source(name: str, similar: str | None) -> Refused:
    shortened = name[:64]
    create = f"Create it first. The command is: penstock source create {shortened}"
    hint = f"Did you mean {similar!r}? If not: {create}" if similar else create
    return refusal("unknown_data_source", f"there is no data source {shortened!r}", hint)


def check_source_count(count: int) -> None:
    check_number(
        count,
        MAX_DATA_SOURCES,
        code="too_many_data_sources",
        what="data sources",
        hint="Use an existing data source.",
    )
