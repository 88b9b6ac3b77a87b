"""The layout: a plan compiled against a file's header, once per request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from penstock.domain.files.corrections import RootLines
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import Header
from penstock.domain.files.rejects import LINE_COLUMN, restore_cell
from penstock.domain.files.tabular_format import TabularFormat
from penstock.domain.ingestion.row_times import usual_time
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.cells import (
    Cells,
    CellSource,
    OtherCells,
    Preparation,
    SourceCells,
    cell_source,
    country_cells,
    preparation,
)
from penstock.domain.mapping.coercion import Coercer, PairedCoercer, Value, coercer
from penstock.domain.mapping.joined_identifiers import with_formats
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit, Plan, WritePolicy
from penstock.domain.profiles.fragments import PartEncoder
from penstock.domain.profiles.identity import NodeHasher
from penstock.domain.profiles.junk_identifiers import JunkFinder


class LayoutColumn(NamedTuple):
    """One mapped column. `source` takes its cells from the file's columns; `prepare` is None when they are coerced as
    they are. `other` takes the cells that the coercion needs beside them."""

    source: CellSource
    prepare: Preparation | None
    label: str
    attribute: Attribute
    personal: bool
    policy: WritePolicy
    drops: bool
    coercer: Coercer
    other: OtherCells | None

    def prepared(self, file_columns: Sequence[Cells], rows: int) -> SourceCells:
        """The cells that are coerced, and the rows in which a word was taken as blank."""
        found = self.source(file_columns, rows)
        return found._replace(cells=self.prepare(found.cells)) if self.prepare else found

    def coerced(self, prepared: Cells, file_columns: Sequence[Cells]) -> tuple[list[Value | None], dict[int, str]]:
        """The values of the prepared cells, and the reason code of each invalid cell by its index."""
        if self.other is None:
            return self.coercer.coerce_column(prepared)
        return cast(PairedCoercer, self.coercer).coerce_pairs(prepared, self.other(file_columns))


class IdentifierColumn(NamedTuple):
    """A mapped identifier column; `place` is its index in `Layout.columns`. `encoder` encodes this column alone."""

    place: int
    attribute: Attribute
    personal: bool
    hasher: NodeHasher
    junk: JunkFinder
    encoder: PartEncoder


class Layout(NamedTuple):
    """`header` names all columns as the file does; `used` are the indices of those that the mapping reads. `ordinary`,
    `personal` and `clearing` are indices in `columns`; `identifiers` are sorted by rank. `overwrites`: a later row
    wins in every column. `root` has the lines that the rows of a child may correct. The column at `as_of` says when the
    facts of its row were true, where it is not blank; otherwise they were at the `usual_time`."""

    file_format: TabularFormat
    header: tuple[str, ...]
    used: frozenset[int]
    columns: tuple[LayoutColumn, ...]
    identifiers: tuple[IdentifierColumn, ...]
    ordinary: tuple[int, ...]
    personal: tuple[int, ...]
    clearing: tuple[int, ...]
    overwrites: bool
    encoder: PartEncoder
    corrected_rejects: bool
    root: RootLines | None
    as_of: int | None
    usual_time: int

    def restored(self, file_columns: Sequence[Cells]) -> Sequence[Cells]:
        """The file's columns as they were before Penstock wrote them to a reject file."""
        return [list(map(restore_cell, cells)) for cells in file_columns] if self.corrected_rejects else file_columns


def compile_layout(plan: Plan, header: Header, hash_key: bytes, root: RootLines | None = None) -> Layout:
    """Raises KeyError when the header lacks a column of the mapping, which `parse_header` has ruled out."""
    place_of = {name: at for at, name in enumerate(header.columns)}
    all_mapped = with_formats(plan.mapping.columns, plan.attributes)
    columns = tuple(
        _column(mapped, attribute, place_of, all_mapped)
        for mapped, attribute in zip(plan.mapping.columns, plan.attributes, strict=True)
    )
    identifiers = tuple(_identifier(place, columns[place], hash_key, plan) for place in _identifier_places(plan))
    as_of = next((place for place, mapped in enumerate(plan.mapping.columns) if mapped.as_of), None)
    ordinary = tuple(place for place, column in enumerate(columns) if not column.personal)
    personal = tuple(place for place, column in enumerate(columns) if column.personal)
    clearing = tuple(place for place, column in enumerate(columns) if column.policy is WritePolicy.CLEAR_ON_BLANK)
    return Layout(
        tabular_format(header.file_format),
        header.names_in_file,
        _used(plan, place_of, root),
        columns,
        identifiers,
        ordinary,
        personal,
        clearing,
        all(column.policy is WritePolicy.OVERWRITE for column in columns),
        _encoder(columns, plan),
        header.corrected_rejects,
        root,
        as_of,
        usual_time(plan),
    )


def _used(plan: Plan, place_of: Mapping[str, int], root: RootLines | None) -> frozenset[int]:
    names = {name for mapped in plan.mapping.columns for name in mapped.needed_columns}
    return frozenset(place_of[name] for name in names | ({LINE_COLUMN} & place_of.keys() if root else set()))


def _column(
    mapped: ColumnMapping, attribute: Attribute, place_of: Mapping[str, int], all_mapped: Sequence[ColumnMapping]
) -> LayoutColumn:
    format = mapped.format or attribute.format
    return LayoutColumn(
        cell_source(mapped, place_of, all_mapped),
        preparation(mapped),
        mapped.label,
        attribute,
        mapped.pii or attribute.pii,
        mapped.policy,
        mapped.on_misfit is OnMisfit.DROP,
        coercer(format),
        None if format.region_column is None else country_cells(format.region_column, place_of, all_mapped),
    )


def _identifier_places(plan: Plan) -> list[int]:
    """The places of the identifiers, the highest rank first; in the order of the mapping if the plan has no ranking."""
    places = {mapped.attribute: place for place, mapped in enumerate(plan.mapping.columns) if mapped.identifier}
    return [places[name] for name in plan.ranking] if plan.ranking else list(places.values())


def _identifier(place: int, column: LayoutColumn, hash_key: bytes, plan: Plan) -> IdentifierColumn:
    hasher = NodeHasher(column.attribute.namespace, hash_key)
    junk = JunkFinder(column.attribute.format, hasher)
    encoder = _encoder([column], plan, linking=True)
    return IdentifierColumn(place, column.attribute, column.personal, hasher, junk, encoder)


def _encoder(columns: Sequence[LayoutColumn], plan: Plan, *, linking: bool = False) -> PartEncoder:
    return PartEncoder(
        [column.attribute.name for column in columns if not column.personal],
        [column.attribute.name for column in columns if column.personal],
        {column.attribute.name: column.policy for column in columns if column.policy is not WritePolicy.OVERWRITE},
        plan.as_of_us,
        linking=linking,
    )
