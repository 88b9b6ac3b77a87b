"""Parses, coerces and validates the rows of a chunk.

This is the hot path. It works on columns, so that most steps run in C.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress
from types import MappingProxyType
from typing import NamedTuple

from penstock.domain.files.corrections import CorrectedRows, in_root_order
from penstock.domain.files.rejects import Reject
from penstock.domain.files.rows import TOTAL_LINE, Table, parse
from penstock.domain.ingestion.layout import Layout
from penstock.domain.ingestion.row_times import row_times
from penstock.domain.ingestion.totals import is_total
from penstock.domain.mapping.mapping import Plan
from penstock.domain.profiles.fragments import Value
from penstock.domain.profiles.identity import Node
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER

Column = list[Value | None]

BlankWords = dict[str, dict[str, int]]

NO_CELLS: Mapping[int, tuple[str, ...]] = MappingProxyType({})
NO_IDENTIFIER = "no_identifier"  # the reason code of a row whose identifiers are all blank


class ValidRows(NamedTuple):
    """Rows that will be ingested: values by layout column, and the nodes of each identifier column by rank.

    `dropped` has, by layout column, the lines whose cell was dropped, for columns that a blank cell clears. `times` are
    when the facts of each row were true, None where no cell says so; None if no column does."""

    lines: Sequence[int]
    columns: list[Column]
    nodes: list[Sequence[Node | None]]
    dropped: Mapping[int, Collection[int]]
    times: Sequence[int | None] | None = None

    def pick(self, selected: Collection[bool]) -> ValidRows:
        """The rows whose flag in `selected`, which has one for each row, is true."""
        return ValidRows(
            list(compress(self.lines, selected)),
            [list(compress(column, selected)) for column in self.columns],
            [list(compress(column, selected)) for column in self.nodes],
            self.dropped,
            None if self.times is None else list(compress(self.times, selected)),
        )


class CoercedChunk(NamedTuple):
    """The rows of a chunk: those that will be ingested, those that will not, and those of the first that lost cells.
    `blank_words` counts the cells of the first that a word for blank made blank, by column and word. `corrected`: what
    the rows of a child correct."""

    rows: ValidRows
    rejects: list[Reject]
    dropped: list[Reject]
    blank_words: BlankWords
    corrected: CorrectedRows | None = None


def coerce_chunk(body: bytes, first_line: int, plan: Plan, layout: Layout) -> CoercedChunk:
    """The rows that will be ingested, and the rejects, both in the order of their lines."""
    table, unreadable = parse(
        body,
        layout.file_format,
        first_line=first_line,
        header=layout.header,
        used=layout.used,
        max_cell_bytes=plan.limits.cell_bytes,
    )
    corrected = None
    if layout.root is not None:
        corrected = layout.root.corrected(table, layout.header)
        table = in_root_order(table, corrected.root_lines)
    valid = _coerce(table, layout, latest_us=plan.accepted_at_us)
    return CoercedChunk(
        valid.rows,
        sorted(unreadable + valid.rejects, key=lambda reject: reject.line),
        sorted(valid.dropped, key=lambda row: row.line),
        valid.blank_words,
        corrected,
    )


def _coerce(table: Table, layout: Layout, *, latest_us: int) -> CoercedChunk:
    """Values and nodes of every valid row, and a reject with all reasons for every other row."""
    columns: list[Column] = []
    reasons: dict[int, list[str]] = {}
    dropped: dict[int, dict[int, str]] = {}  # by place, then by index of the row
    blanked: dict[str, dict[int, str]] = {}  # by label, then by index of the row
    file_columns = layout.restored(table.columns)
    for place, column in enumerate(layout.columns):
        prepared = column.prepared(file_columns, len(table.lines))
        if prepared.blanked:
            blanked.setdefault(column.label, {}).update(prepared.blanked)  # a column can be split several times
        values, errors = column.coerced(prepared.cells, file_columns)
        columns.append(values)
        if column.drops and errors:
            dropped[place] = errors
            continue
        for at, code in errors.items():
            reasons.setdefault(at, []).append(f"{code}:{column.label}")
    nodes = [each.hasher.column(columns[each.place], each.attribute.format) for each in layout.identifiers]
    junk = _blank_junk(columns, nodes, layout)
    for at in _without_identifier(nodes, len(table.lines)):
        if at not in reasons:
            cells = layout.file_format.cells(table.raw[at], layout.header)
            reasons[at] = [TOTAL_LINE] if is_total(cells) else [NO_IDENTIFIER, *_codes_at(at, junk, layout)]
    dropped |= junk
    times = None if layout.as_of is None else row_times(columns[layout.as_of], latest_us)
    lines_of = _dropped_lines(dropped, table, layout) if dropped else {}
    rows = ValidRows(table.lines, columns, list(nodes), lines_of, times)
    lost = _lost_cells(dropped, reasons, table, layout) if dropped else []
    words = {label: counts for label, rows_of in blanked.items() if (counts := _counted(rows_of, reasons))}
    if not reasons:
        return CoercedChunk(rows, [], lost, words)
    valid = rows.pick([at not in reasons for at in range(len(table.lines))])
    left_out = {at: _left_out(codes, at, dropped, layout) for at, codes in reasons.items()} if dropped else NO_CELLS
    return CoercedChunk(valid, _rejects(reasons, table, left_out), lost, words)


def _counted(words: Mapping[int, str], rejected: Collection[int]) -> dict[str, int]:
    """How often each word stands in a row that is not rejected."""
    return dict(Counter(word for at, word in words.items() if at not in rejected))


def _blank_junk(columns: Sequence[Column], nodes: list[list[Node | None]], layout: Layout) -> dict[int, dict[int, str]]:
    """Remove junk identifiers from values and nodes; the reason for each, by place and by index of the row."""
    found: dict[int, dict[int, str]] = {}
    for identifier, column in zip(layout.identifiers, nodes, strict=True):
        values = columns[identifier.place]
        for at in identifier.junk.places(values, column):
            values[at] = column[at] = None
            found.setdefault(identifier.place, {})[at] = JUNK_IDENTIFIER
    return found


def _codes_at(at: int, dropped: Mapping[int, Mapping[int, str]], layout: Layout) -> list[str]:
    """The reasons for the dropped cells of one row."""
    return [f"{codes[at]}:{layout.columns[place].label}" for place, codes in dropped.items() if at in codes]


def _left_out(
    reasons: Sequence[str], at: int, dropped: Mapping[int, Mapping[int, str]], layout: Layout
) -> tuple[str, ...]:
    """The reasons for the cells that a rejected row would lose as well, so that one correction does for all."""
    return tuple(each for each in _codes_at(at, dropped, layout) if each not in reasons)


def _rejects(
    reasons: Mapping[int, Sequence[str]], table: Table, left_out: Mapping[int, tuple[str, ...]] = NO_CELLS
) -> list[Reject]:
    return [
        Reject(table.lines[at], tuple(codes), table.raw[at].encode(), left_out.get(at, ()))
        for at, codes in reasons.items()
    ]


def _lost_cells(
    dropped: Mapping[int, Mapping[int, str]], rejected: Collection[int], table: Table, layout: Layout
) -> list[Reject]:
    """The rows that lost cells but are not rejected."""
    places = {at for codes in dropped.values() for at in codes if at not in rejected}
    return _rejects({at: _codes_at(at, dropped, layout) for at in sorted(places)}, table)


def _dropped_lines(dropped: Mapping[int, Mapping[int, str]], table: Table, layout: Layout) -> dict[int, frozenset[int]]:
    """The lines with a dropped cell, for columns in which a blank cell clears the value: a dropped one does not."""
    return {place: frozenset(table.lines[at] for at in dropped[place]) for place in layout.clearing if place in dropped}


def _without_identifier(nodes: Sequence[Sequence[Node | None]], rows: int) -> Iterable[int]:
    if any(None not in column for column in nodes):
        return ()
    return [at for at in range(rows) if all(column[at] is None for column in nodes)]
