"""Turns a chunk's bytes into sealed fragments and rejects: parse, map, validate, fold rows of one person, seal.

This is the hot path. It works on columns, so that most steps run in C, and has two branches: rows whose nodes occur
once in the chunk (nearly all) are encoded directly from the columns; rows that share a node with another row are folded
first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from typing import NamedTuple

from penstock.domain.files.corrections import ChunkLines, CorrectedRows, in_root_order
from penstock.domain.files.line_set import runs_of
from penstock.domain.files.rejects import Reject
from penstock.domain.files.rows import Table, parse
from penstock.domain.ingestion.layout import IdentifierColumn, Layout
from penstock.domain.mapping.mapping import Plan, WritePolicy
from penstock.domain.profiles.fragments import KeyAndCell, Value, key_suffix, with_root_rows
from penstock.domain.profiles.identity import Node
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER
from penstock.domain.profiles.sealing import ChunkSealer

Column = list[Value | None]

NO_IDENTIFIER = "no_identifier"  # the reason code of a row whose identifiers are all blank


class ChunkResult(NamedTuple):
    """`fragments` sorted by key, their `nodes` concatenated in the same order, and `rejects` sorted by line.

    `dropped` are the ingested rows that lost cells, with the reason for each, sorted by line. `lines` are those that
    corrections refer to."""

    fragments: list[KeyAndCell]
    nodes: bytes
    rejects: list[Reject]
    rows_read: int
    rows_ingested: int
    dropped: Sequence[Reject] = ()
    lines: ChunkLines = ChunkLines()

    @property
    def reject_reasons(self) -> dict[str, int]:
        """The number of rejected rows by reason; a row with several reasons counts under its first, so that the numbers
        add up."""
        return dict(Counter(reject.reasons[0].partition(":")[0] for reject in self.rejects))

    @property
    def dropped_cells(self) -> dict[str, dict[str, int]]:
        """The number of dropped cells by column and reason."""
        counts: dict[str, dict[str, int]] = {}
        for (code, _, column), cells in Counter(
            reason.partition(":") for row in self.dropped for reason in row.reasons
        ).items():
            counts.setdefault(column, {})[code] = cells
        return counts


PlainFragment = tuple[Node, bytes, bytes]  # a node, then the general and the personal part of its fragment


def ingest_chunk(
    body: bytes, *, chunk: int, first_line: int, plan: Plan, layout: Layout, sealer: ChunkSealer
) -> ChunkResult:
    """The fragments and rejects of one chunk, ready to be written. The same bytes and plan always give the same plain
    fragments.

    Each step's input is released before the next step begins, which saves a quarter of the memory.
    """
    rows, rejects, dropped, corrected = _valid_rows(body, first_line, plan, layout)
    ingested = len(rows.lines)
    lines = _chunk_lines(rows.lines, rejects, dropped, corrected, layout)
    plain = sorted(_plain_fragments(rows, layout))
    del rows
    if corrected is not None:
        plain = [(node, with_root_rows(general, corrected.root_lines), personal) for node, general, personal in plain]
    nodes, generals, personals = zip(*plain, strict=True) if plain else ((), (), ())
    del plain
    suffix = key_suffix(plan.data_source, plan.request_id, chunk)
    keys = [node + suffix for node in nodes]
    fragments = list(zip(keys, sealer.seal(keys, generals, personals), strict=True))
    return ChunkResult(fragments, b"".join(nodes), rejects, ingested + len(rejects), ingested, dropped, lines)


class CheckedRows(NamedTuple):
    """What would become of the rows of a chunk; `rejects` and `dropped` as in `ChunkResult`, `nodes` by identifier."""

    rows_accepted: int
    rejects: list[Reject]
    dropped: list[Reject]
    nodes: Sequence[Sequence[Node | None]]


def check_rows(body: bytes, *, first_line: int, plan: Plan, layout: Layout) -> CheckedRows:
    """Parse, map and validate the rows of a chunk as `ingest_chunk` does, without making fragments."""
    rows, rejects, dropped, _ = _valid_rows(body, first_line, plan, layout)
    return CheckedRows(len(rows.lines), rejects, dropped, rows.nodes)


class CoercedRows(NamedTuple):
    """The rows of a chunk that would be ingested, with their values by column of the layout; `rejects` and `dropped` as
    in `ChunkResult`."""

    lines: Sequence[int]
    columns: Sequence[Column]
    rejects: list[Reject]
    dropped: list[Reject]


def coerce_rows(body: bytes, *, first_line: int, plan: Plan, layout: Layout) -> CoercedRows:
    """The values of the rows of a chunk, as `ingest_chunk` coerces them."""
    rows, rejects, dropped, _ = _valid_rows(body, first_line, plan, layout)
    return CoercedRows(rows.lines, rows.columns, rejects, dropped)


class _Rows(NamedTuple):
    """Rows that will be ingested: values by layout column, and the nodes of each identifier column by rank.

    `dropped` has, by layout column, the lines whose cell was dropped, for columns that a blank cell clears."""

    lines: Sequence[int]
    columns: list[Column]
    nodes: list[Sequence[Node | None]]
    dropped: Mapping[int, Collection[int]]


class _Valid(NamedTuple):
    """The rows of a chunk: those that will be ingested, those that will not, and those of the first that lost cells.
    `corrected`: what the rows of a child correct."""

    rows: _Rows
    rejects: list[Reject]
    dropped: list[Reject]
    corrected: CorrectedRows | None = None


def _valid_rows(body: bytes, first_line: int, plan: Plan, layout: Layout) -> _Valid:
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
    valid = _coerce(table, layout)
    return _Valid(
        valid.rows,
        sorted(unreadable + valid.rejects, key=lambda reject: reject.line),
        sorted(valid.dropped, key=lambda row: row.line),
        corrected,
    )


def _chunk_lines(
    ingested: Sequence[int],
    rejects: Iterable[Reject],
    dropped: Iterable[Reject],
    corrected: CorrectedRows | None,
    layout: Layout,
) -> ChunkLines:
    if corrected is not None and layout.root is not None:
        return corrected.chunk_lines(ingested, {each.line for each in dropped}, layout.root)
    return ChunkLines(rejected=runs_of(each.line for each in rejects), dropped=runs_of(each.line for each in dropped))


def _coerce(table: Table, layout: Layout) -> _Valid:
    """Values and nodes of every valid row, and a reject with all reasons for every other row."""
    columns: list[Column] = []
    reasons: dict[int, list[str]] = {}
    dropped: dict[int, dict[int, str]] = {}  # by place, then by index of the row
    file_columns = layout.restored(table.columns)
    for place, column in enumerate(layout.columns):
        values, errors = column.coerced(column.prepared(file_columns, len(table.lines)), file_columns)
        columns.append(values)
        if column.drops and errors:
            dropped[place] = errors
            continue
        for at, code in errors.items():
            reasons.setdefault(at, []).append(f"{code}:{column.label}")
    nodes = [each.hasher.column(columns[each.place], each.attribute.format) for each in layout.identifiers]
    junk = _blank_junk(columns, nodes, layout)
    for at in _without_identifier(nodes, len(table.lines)):
        reasons.setdefault(at, [NO_IDENTIFIER, *_codes_at(at, junk, layout)])
    dropped |= junk
    rows = _Rows(table.lines, columns, list(nodes), _dropped_lines(dropped, table, layout) if dropped else {})
    lost = _lost_cells(dropped, reasons, table, layout) if dropped else []
    if not reasons:
        return _Valid(rows, [], lost)
    return _Valid(_pick(rows, [at not in reasons for at in range(len(table.lines))]), _rejects(reasons, table), lost)


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


def _rejects(reasons: Mapping[int, Sequence[str]], table: Table) -> list[Reject]:
    return [
        Reject(line=table.lines[at], reasons=tuple(codes), row=table.raw[at].encode()) for at, codes in reasons.items()
    ]


def _lost_cells(
    dropped: Mapping[int, Mapping[int, str]], rejected: Collection[int], table: Table, layout: Layout
) -> list[Reject]:
    """The rows that lost cells but are not rejected."""
    places = {at for codes in dropped.values() for at in codes if at not in rejected}
    return _rejects({at: _codes_at(at, dropped, layout) for at in sorted(places)}, table)


def _dropped_lines(dropped: Mapping[int, Mapping[int, str]], table: Table, layout: Layout) -> dict[int, frozenset[int]]:
    """A dropped cell says nothing, whereas a blank one clears the value of these columns."""
    return {place: frozenset(table.lines[at] for at in dropped[place]) for place in layout.clearing if place in dropped}


def _without_identifier(nodes: Sequence[Sequence[Node | None]], rows: int) -> Iterable[int]:
    if any(None not in column for column in nodes):
        return ()
    return [at for at in range(rows) if all(column[at] is None for column in nodes)]


def _plain_fragments(rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """One fragment for each node in the chunk."""
    shared_nodes = _shared_nodes(rows.nodes)
    if shared_nodes and len(rows.nodes) == 1 and layout.overwrites:
        rows = _without_superseded(rows)
        shared_nodes = _shared_nodes(rows.nodes)
    if not shared_nodes:
        return _direct(rows, layout)
    shared = [any(node in shared_nodes for node in nodes) for nodes in zip(*rows.nodes, strict=True)]
    unshared = [not is_shared for is_shared in shared]
    return _direct(_pick(rows, unshared), layout) + _folded(_pick(rows, shared), layout)


def _without_superseded(rows: _Rows) -> _Rows:
    """The rows that still matter: a later row of the same person without blanks overwrites all earlier ones."""
    (nodes,) = rows.nodes
    has_no_blank = [None not in values for values in zip(*rows.columns, strict=True)]
    last_without_blank = {node: at for at, node in enumerate(nodes) if has_no_blank[at]}
    return _pick(rows, [at >= last_without_blank.get(node, 0) for at, node in enumerate(nodes)])


def _pick(rows: _Rows, selected: list[bool]) -> _Rows:
    return _Rows(
        list(compress(rows.lines, selected)),
        [list(compress(column, selected)) for column in rows.columns],
        [list(compress(column, selected)) for column in rows.nodes],
        rows.dropped,
    )


def _shared_nodes(columns: Sequence[Sequence[Node | None]]) -> set[Node]:
    """The nodes that occur more than once in the chunk."""
    seen: set[Node] = set()
    total = 0
    for column in columns:
        blanks = column.count(None)
        total += len(column) - blanks
        seen.update(filter(None, column))
    if len(seen) == total:
        return set()
    counts = Counter(node for column in columns for node in column if node is not None)
    return {node for node, count in counts.items() if count > 1}


def _direct(rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows that share no node: one per row, and a linking fragment for each further identifier."""
    return [
        fragment for place, group in _by_primary_node(rows) for fragment in _with_primary_node(place, group, layout)
    ]


def _by_primary_node(rows: _Rows) -> Iterator[tuple[int, _Rows]]:
    """The rows grouped by their first identifier that is not blank, with its place among the identifiers."""
    for place in range(len(rows.nodes)):
        nodes = rows.nodes[place]
        if None not in nodes:
            yield place, rows
            return
        yield place, _pick(rows, [node is not None for node in nodes])
        rows = _pick(rows, [node is None for node in nodes])


def _with_primary_node(place: int, rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows whose first identifier is the one at `place`."""
    primary_nodes = [node for node in rows.nodes[place] if node is not None]
    namespace = layout.identifiers[place].attribute.namespace
    further = list(zip(layout.identifiers, rows.nodes, strict=True))[place + 1 :]
    ordinary, personal = _values_by_row(rows, layout.ordinary), _values_by_row(rows, layout.personal)
    links = map(b"".join, zip(*([node or b"" for node in nodes] for _, nodes in further), strict=True))
    parts = map(
        layout.encoder.encode,
        repeat(namespace),
        rows.lines,
        ordinary,
        personal,
        links if further else repeat(b""),
        repeat(None),
        _cleared_by_row(rows, layout),
    )
    plain = [(primary_node, *part) for primary_node, part in zip(primary_nodes, parts, strict=True)]
    for identifier, nodes in further:
        plain += _linking(identifier, nodes, primary_nodes, rows)
    return plain


def _linking(
    identifier: IdentifierColumn, nodes: Sequence[Node | None], primary_nodes: Sequence[Node], rows: _Rows
) -> Iterator[PlainFragment]:
    """Fragments that hold a further identifier and link to the row's primary node."""
    own = zip(rows.columns[identifier.place], strict=True)
    ordinary, personal = (repeat(()), own) if identifier.personal else (own, repeat(()))
    parts = map(
        identifier.encoder.encode, repeat(identifier.attribute.namespace), rows.lines, ordinary, personal, primary_nodes
    )
    return ((node, *part) for node, part in zip(nodes, parts, strict=True) if node is not None)


def _values_by_row(rows: _Rows, places: Sequence[int]) -> Iterable[tuple[Value | None, ...]]:
    return zip(*(rows.columns[place] for place in places), strict=True) if places else repeat(())


def _cleared_by_row(rows: _Rows, layout: Layout) -> Iterable[Sequence[str]]:
    if not layout.clearing:
        return repeat(())
    names = [layout.columns[place].attribute.name for place in layout.clearing]
    cleared = [
        [name for name, value in zip(names, values, strict=True) if value is None]
        for values in zip(*(rows.columns[place] for place in layout.clearing), strict=True)
    ]
    return _without_dropped(cleared, rows, layout) if rows.dropped else cleared


def _without_dropped(cleared: Iterable[list[str]], rows: _Rows, layout: Layout) -> list[list[str]]:
    lines_of = {layout.columns[place].attribute.name: lines for place, lines in rows.dropped.items()}
    return [
        [name for name in names if line not in lines_of.get(name, ())]
        for line, names in zip(rows.lines, cleared, strict=True)
    ]


class _Folding:
    """The assertions of several rows about one node; rows are added in the order of their lines."""

    def __init__(self, namespace: str, dropped: Mapping[int, Collection[int]]) -> None:
        self.namespace = namespace
        self.dropped = dropped
        self.assertions: dict[int, tuple[Value | None, int]] = {}  # by place: the value (None: cleared) and its line
        self.links: dict[Node, None] = {}

    def add(self, values: Iterable[tuple[int, Value | None]], line: int, policies: Sequence[WritePolicy]) -> None:
        """Add the values of one row, by place."""
        assertions = self.assertions
        for place, value in values:
            policy = policies[place]
            if value is None and (policy is not WritePolicy.CLEAR_ON_BLANK or line in self.dropped.get(place, ())):
                continue
            if policy is WritePolicy.KEEP_FIRST:
                assertions.setdefault(place, (value, line))
            else:
                assertions[place] = (value, line)


def _folded(rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows that share nodes; a shared node's fragment holds the assertions of all its rows."""
    people: dict[Node, _Folding] = {}
    policies = [column.policy for column in layout.columns]
    names = [column.attribute.name for column in layout.columns]
    for line, values, nodes in zip(
        rows.lines, zip(*rows.columns, strict=True), zip(*rows.nodes, strict=True), strict=True
    ):
        present = [
            (identifier, node) for identifier, node in zip(layout.identifiers, nodes, strict=True) if node is not None
        ]
        primary_node = present[0][1]
        for identifier, node in present:
            person = people.setdefault(node, _Folding(identifier.attribute.namespace, rows.dropped))
            person.add(
                enumerate(values) if node is primary_node else [(identifier.place, values[identifier.place])],
                line,
                policies,
            )
            person.links.update(
                dict.fromkeys(other for _, other in present[1:]) if node is primary_node else {primary_node: None}
            )
    return [(node, *_encode_folding(person, layout, names)) for node, person in people.items()]


def _encode_folding(person: _Folding, layout: Layout, names: Sequence[str]) -> tuple[bytes, bytes]:
    row = max(line for _, line in person.assertions.values())
    ordinary = tuple(person.assertions.get(place, (None, 0))[0] for place in layout.ordinary)
    personal = tuple(person.assertions.get(place, (None, 0))[0] for place in layout.personal)
    rows = {names[place]: line for place, (_, line) in person.assertions.items() if line != row}
    cleared = [names[place] for place, (value, _) in person.assertions.items() if value is None]
    return layout.encoder.encode(person.namespace, row, ordinary, personal, b"".join(person.links), rows, cleared)
