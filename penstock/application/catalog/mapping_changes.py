"""Compares two versions of a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec


class ChangedOption(NamedTuple):
    """An option as JSON; None if the column does not have it."""

    option: str
    before: Any
    after: Any


class ChangedColumn(NamedTuple):
    """A column that both mappings have; `label` is its name in the newer one."""

    label: str
    attribute: str
    options: Sequence[ChangedOption]


class MappingChanges(NamedTuple):
    """From version `base` to `version`. `identifiers` are the attributes of identifiers by priority, before and after;
    None if they are the same."""

    base: int
    version: int
    added: Sequence[ColumnSpec]
    removed: Sequence[ColumnSpec]
    changed: Sequence[ChangedColumn]
    identifiers: tuple[Sequence[str], Sequence[str]] | None


def mapping_changes(
    base: int, before: Sequence[ColumnSpec], version: int, after: Sequence[ColumnSpec]
) -> MappingChanges:
    """A column is the same one if it feeds the same attribute, or else if it has the same name in the file."""
    pairs = dict(_pairs(before, after))
    changed = [ChangedColumn(new.label, new.attribute, options) for new, options in _changed(after, pairs)]
    kept = {old.attribute for old in pairs.values()}
    old_identifiers, new_identifiers = _identifiers(before), _identifiers(after)
    return MappingChanges(
        base=base,
        version=version,
        added=[each for each in after if each.attribute not in pairs],
        removed=[each for each in before if each.attribute not in kept],
        changed=changed,
        identifiers=None if old_identifiers == new_identifiers else (old_identifiers, new_identifiers),
    )


def _pairs(before: Sequence[ColumnSpec], after: Sequence[ColumnSpec]) -> Iterator[tuple[str, ColumnSpec]]:
    """The attribute of each newer column that is also in the older mapping, with the older column."""
    old = {each.attribute: each for each in before}
    same = old.keys() & {each.attribute for each in after}
    yield from ((attribute, old[attribute]) for attribute in same)
    by_label = {each.label: each for each in before if each.attribute not in same}
    for each in after:
        if each.attribute not in same and each.label in by_label:
            yield each.attribute, by_label.pop(each.label)


def _changed(
    after: Sequence[ColumnSpec], pairs: dict[str, ColumnSpec]
) -> Iterator[tuple[ColumnSpec, list[ChangedOption]]]:
    for new in after:
        options = _changed_options(pairs[new.attribute], new) if new.attribute in pairs else []
        if options:
            yield new, options


def _changed_options(old: ColumnSpec, new: ColumnSpec) -> list[ChangedOption]:
    before, after = _options(old), _options(new)
    return [
        ChangedOption(name, before.get(name), after.get(name))
        for name in ColumnSpec.__struct_fields__
        if before.get(name) != after.get(name)
    ]


def _options(spec: ColumnSpec) -> dict[str, Any]:
    options: dict[str, Any] = msgspec.to_builtins(spec)
    return {**options, "identifier": spec.identifier, "policy": str(spec.policy), "on_misfit": str(spec.on_misfit)}


def _identifiers(specs: Sequence[ColumnSpec]) -> list[str]:
    return [each.attribute for each in specs if each.identifier]
