"""The layout: a plan compiled against a file's header, once per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import Header
from penstock.domain.files.tabular_format import TabularFormat
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.coercion import Coercer, coercer
from penstock.domain.mapping.mapping import Plan, WritePolicy
from penstock.domain.profiles.fragments import PartEncoder
from penstock.domain.profiles.identity import NodeHasher


class LayoutColumn(NamedTuple):
    """One mapped column; `at` is its index in the file."""

    at: int
    name: str
    attribute: Attribute
    policy: WritePolicy
    coercer: Coercer


class IdentifierColumn(NamedTuple):
    """A mapped identifier column; `place` is its index in `Layout.columns`. `encoder` encodes this column alone."""

    place: int
    attribute: Attribute
    hasher: NodeHasher
    encoder: PartEncoder


class Layout(NamedTuple):
    """`header` names all columns of the file. `ordinary`, `personal` and `clearing` are indices in `columns`;
    `identifiers` are sorted by priority. `overwrites`: a later row wins in every column."""

    file_format: TabularFormat
    header: tuple[str, ...]
    columns: tuple[LayoutColumn, ...]
    identifiers: tuple[IdentifierColumn, ...]
    ordinary: tuple[int, ...]
    personal: tuple[int, ...]
    clearing: tuple[int, ...]
    overwrites: bool
    encoder: PartEncoder
    corrected_rejects: bool


def compile_layout(plan: Plan, header: Header, hash_key: bytes) -> Layout:
    """Raises KeyError when the header lacks a mapped column, which `parse_header` has ruled out."""
    place_of = {name: at for at, name in enumerate(header.columns)}
    columns = tuple(
        LayoutColumn(
            place_of[mapped.column], mapped.column, attribute, mapped.policy, coercer(mapped.format or attribute.format)
        )
        for mapped, attribute in zip(plan.mapping.columns, plan.attributes, strict=True)
    )
    identifiers = tuple(
        IdentifierColumn(place, column.attribute, NodeHasher(column.attribute.namespace, hash_key), _encoder([column]))
        for place, (mapped, column) in enumerate(zip(plan.mapping.columns, columns, strict=True))
        if mapped.identifier
    )
    ordinary = tuple(place for place, column in enumerate(columns) if not column.attribute.pii)
    personal = tuple(place for place, column in enumerate(columns) if column.attribute.pii)
    clearing = tuple(place for place, column in enumerate(columns) if column.policy is WritePolicy.CLEAR_ON_BLANK)
    return Layout(
        tabular_format(header.file_format),
        header.columns,
        columns,
        identifiers,
        ordinary,
        personal,
        clearing,
        all(column.policy is WritePolicy.OVERWRITE for column in columns),
        _encoder(columns),
        header.corrected_rejects,
    )


def _encoder(columns: Sequence[LayoutColumn]) -> PartEncoder:
    return PartEncoder(
        [column.attribute.name for column in columns if not column.attribute.pii],
        [column.attribute.name for column in columns if column.attribute.pii],
        {column.attribute.name: column.policy for column in columns if column.policy is not WritePolicy.OVERWRITE},
    )
