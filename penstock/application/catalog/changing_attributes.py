"""Keeps a change of an attribute and a new use of it apart: at least one of the two sees the other.

Nothing is atomic across records, and a change depends on the uses, which are records of their own. So

- the writer of a use stores it first, then reads the attributes again (`check_unchanged`);
- the editor marks the attribute first, then reads its uses again, then replaces the marked record (`mark`).

If the writer reads before the mark is stored, its use was stored before that too, and the editor finds it. If it reads
later, it finds the mark and removes it, so that the editor's replacement fails and the editor decides again; or it
finds the changed attribute, and starts over with it. A mark that a dead editor has left does no harm: the next one of
either kind replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

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
        for record in store.get_each(Table.ATTRIBUTES, tenant_id, "", names[start : start + MAX_PAGE]):
            if use_of(_unmarked(store, record)) != expected[record.sort]:
                raise AttributesChanged(f"the attribute {record.sort} was changed")
            missing.discard(record.sort)
    if missing:
        raise AttributesChanged(f"{len(missing):,} attributes are missing")


def mark(store: ControlStore, tenant_id: str, attribute: Attribute, record: Record | None) -> Record:
    """The marked record of `attribute`, which was read from `record`; None: it is built in. Raises `Conflict`."""
    marked = msgspec.convert({**msgspec.structs.asdict(attribute), "changing": True}, _Stored)
    if record is None:
        return store.create(Table.ATTRIBUTES, tenant_id, "", attribute.name, msgspec.json.encode(marked))
    return store.replace(record, msgspec.json.encode(marked))


def _unmarked(store: ControlStore, record: Record) -> Attribute:
    """The attribute in `record`, or in a newer one; without a mark, so that no change can follow from before it."""
    while True:
        stored = msgspec.json.decode(record.body, type=_Stored)
        if not stored.changing:
            return stored
        with suppress(Conflict):
            store.replace(record, msgspec.json.encode(msgspec.structs.replace(stored, changing=False)))
        newest = store.get(record.table, record.tenant_id, record.partition, record.sort)
        if newest is None:  # attributes are never deleted
            raise AttributesChanged(f"the attribute {record.sort} is missing")
        record = newest
