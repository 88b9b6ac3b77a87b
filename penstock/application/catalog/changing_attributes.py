"""Keeps a change of an attribute and a new use of it apart: at least one of the two sees the other.

Nothing is atomic across records, and a change depends on the uses, which are records of their own. So

- the writer of a use stores it first, then reads the attributes again (`check_unchanged`);
- the editor marks the attribute first, then reads its uses again, then replaces the marked record (`mark`).

If the writer reads before the mark is stored, its use was stored before that too, and the editor finds it. If it reads
later, it finds the mark and removes it, so that the editor's replacement fails and the editor decides again; or it
finds the changed attribute, and starts over with it. A mark that a dead editor has left does no harm: the next one of
either kind replaces it.

Two editors who want one segment name or macro name keep apart in the same way (`claim_names`): each marks its attribute
with the names, then reads all others. The later reader finds the other's mark and removes it, or its stored name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.errors import Conflict
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import Attribute, ValueFormat
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.ports.control_store import ControlStore, Record, Table

T = TypeVar("T")


class AttributesChanged(Conflict):
    """An attribute was changed after a decision on it. Decide again (`until_unchanged`)."""


class _Stored(Attribute, frozen=True, kw_only=True, omit_defaults=True):
    """An attribute's record. Others read it as an `Attribute`, without the mark."""

    changing: bool = False
    requested_names: tuple[str, str] | None = None  # the names that it is about to get


def until_unchanged(attempt: Callable[[], T]) -> T:
    """Repeat a decision on attributes until none is changed meanwhile. It ends, because each repetition follows another
    caller's change."""
    while True:
        try:
            return attempt()
        except AttributesChanged:
            continue


def use_of(attribute: Attribute) -> tuple[ValueFormat, bool, bool]:
    """The part of an attribute that uses of it depend on."""
    return attribute.format, attribute.pii, attribute.archived


def check_unchanged(store: ControlStore, tenant_id: str, attributes: Sequence[Attribute]) -> None:
    """Call once a use of `attributes` is stored, before it has an effect. Raises `AttributesChanged`."""
    expected = {each.name: use_of(each) for each in attributes}
    names = list(expected)
    missing = {name for name in names if name not in BUILTIN}
    for start in range(0, len(names), MAX_PAGE):
        for record in store.get_each(
            Table.ATTRIBUTES, tenant_id, [("", name) for name in names[start : start + MAX_PAGE]]
        ):
            if use_of(_unmarked(store, record)) != expected[record.sort]:
                raise AttributesChanged(f"the attribute {record.sort} was changed")
            missing.discard(record.sort)
    if missing:
        raise AttributesChanged(f"{len(missing):,} attributes are missing")


def mark(
    store: ControlStore, tenant_id: str, attribute: Attribute, record: Record | None, requested: Attribute
) -> Record:
    """The marked record of `attribute`, which was read from `record`; None: it is built in. It is about to become
    `requested`. Raises `Conflict`."""
    marked = _Stored(**msgspec.structs.asdict(attribute), changing=True, requested_names=names_of(requested))
    if record is None:
        return store.create(Table.ATTRIBUTES, tenant_id, "", attribute.name, msgspec.json.encode(marked))
    return store.replace(record, msgspec.json.encode(marked))


def claim_names(store: ControlStore, tenant_id: str, attributes: Sequence[Attribute]) -> set[str]:
    """Call once `attributes` are marked with their names, or newly stored: nobody else gets one of these then. Returns
    those of them with a name that another attribute has."""
    owners = [{names_of(each)[kind]: each.name for each in attributes} for kind in (0, 1)]

    def owners_of(names: tuple[str, str], attribute: str) -> set[str]:
        return {owners[kind].get(names[kind], attribute) for kind in (0, 1)} - {attribute}

    taken: set[str] = set()
    for record in scan_all(store, Table.ATTRIBUTES, tenant_id):
        stored = _decoded(record)
        if stored.requested_names and owners_of(stored.requested_names, stored.name):
            stored = _unmarked(store, record)
        taken |= owners_of(names_of(stored), stored.name)
    return taken


def names_of(attribute: Attribute) -> tuple[str, str]:
    return attribute.segment_name, attribute.macro_name


def _decoded(record: Record) -> _Stored:
    return msgspec.json.decode(record.body, type=_Stored)


def _unmarked(store: ControlStore, record: Record) -> _Stored:
    """The attribute in `record`, or in a newer one; without a mark, so that no change can follow from before it."""
    while True:
        stored = _decoded(record)
        if not stored.changing:
            return stored
        with suppress(Conflict):
            store.replace(
                record, msgspec.json.encode(msgspec.structs.replace(stored, changing=False, requested_names=None))
            )
        newest = store.get(record.table, record.tenant_id, record.partition, record.sort)
        if newest is None:
            raise AttributesChanged(f"the attribute {record.sort} is missing")
        record = newest
