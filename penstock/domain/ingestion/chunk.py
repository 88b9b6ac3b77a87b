"""A chunk's bytes become sealed fragments and rejects: parse, map, validate, fold rows of one person, seal.

This is the hot path. It works on columns, so that most of its steps run in C, and takes two ways: rows whose nodes
occur once in the chunk (nearly all) are encoded straight from the columns; rows that share a node with another row are
folded first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, repeat
from typing import NamedTuple

from penstock.domain.files.rejects import Reject, restore_cell
from penstock.domain.files.rows import Table, parse
from penstock.domain.ingestion.layout import IdentifierColumn, Layout
from penstock.domain.mapping.mapping import Plan, WritePolicy
from penstock.domain.profiles.fragments import KeyAndCell, Value, key_suffix
from penstock.domain.profiles.identity import Node
from penstock.domain.profiles.sealing import ChunkSealer

Column = Sequence[Value | None]


class ChunkResult(NamedTuple):
    """`fragments` in the order of their keys, and the `nodes` of these, one after another; `rejects` in the order of
    their lines."""

    fragments: list[KeyAndCell]
    nodes: bytes
    rejects: list[Reject]
    rows_read: int
    rows_ingested: int

    @property
    def reject_reasons(self) -> dict[str, int]:
        """How many rows were rejected for each reason; a row with several counts under its first, so that they add
        up."""
        return dict(Counter(reject.reasons[0].partition(":")[0] for reject in self.rejects))


PlainFragment = tuple[Node, bytes, bytes]  # a node, and the general and the personal part of what is said about it


def ingest_chunk(
    body: bytes, *, chunk: int, first_line: int, plan: Plan, layout: Layout, sealer: ChunkSealer
) -> ChunkResult:
    """All that one chunk says, ready to be written. The same bytes and plan give the same plain fragments always.

    What a step has used up is let go before the next one begins, which takes a quarter off the memory of a chunk.
    """
    rows, rejects = _fitting_rows(body, first_line, plan, layout)
    ingested = len(rows.lines)
    plain = sorted(_plain_fragments(rows, layout))
    del rows
    nodes, generals, personals = zip(*plain, strict=True) if plain else ((), (), ())
    del plain
    suffix = key_suffix(plan.data_source, plan.request_id, chunk)
    keys = [node + suffix for node in nodes]
    fragments = list(zip(keys, sealer.seal(keys, generals, personals), strict=True))
    return ChunkResult(fragments, b"".join(nodes), rejects, ingested + len(rejects), ingested)


class _Rows(NamedTuple):
    """Rows that will be ingested: values by layout column, and the nodes of each identifier column by priority."""

    lines: Sequence[int]
    columns: list[Column]
    nodes: list[Sequence[Node | None]]


def _fitting_rows(body: bytes, first_line: int, plan: Plan, layout: Layout) -> tuple[_Rows, list[Reject]]:
    """The rows that will be ingested, and the rejects, both in the order of their lines."""
    table, unreadable = parse(
        body,
        layout.file_format,
        first_line=first_line,
        header=layout.header,
        max_cell_bytes=plan.limits.cell_bytes,
    )
    rows, errors = _coerce(table, layout)
    return rows, sorted(unreadable + errors, key=lambda reject: reject.line)


def _coerce(table: Table, layout: Layout) -> tuple[_Rows, list[Reject]]:
    """Values and nodes of every row that fits, and a reject for every other one with all of its reasons."""
    columns: list[Column] = []
    reasons: dict[int, list[str]] = {}
    for column in layout.columns:
        cells = table.columns[column.at]
        if layout.corrected_rejects:
            cells = list(map(restore_cell, cells))
        values, errors = column.coercer.coerce_column(cells)
        columns.append(values)
        for at, code in errors.items():
            reasons.setdefault(at, []).append(f"{code}:{column.name}")
    nodes = [who.hasher.column(columns[who.place], who.attribute.format) for who in layout.identifiers]
    for at in _without_identifier(nodes, len(table.lines)):
        reasons.setdefault(at, ["no_identifier"])
    if not reasons:
        return _Rows(table.lines, columns, list(nodes)), []
    rejects = [
        Reject(line=table.lines[at], reasons=tuple(why), row=table.raw[at].encode()) for at, why in reasons.items()
    ]
    good = [at not in reasons for at in range(len(table.lines))]
    kept = _Rows(
        list(compress(table.lines, good)),
        [list(compress(column, good)) for column in columns],
        [list(compress(column, good)) for column in nodes],
    )
    return kept, rejects


def _without_identifier(nodes: Sequence[Sequence[Node | None]], rows: int) -> Iterable[int]:
    if any(None not in column for column in nodes):
        return ()
    return [at for at in range(rows) if all(column[at] is None for column in nodes)]


def _plain_fragments(rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """One fragment per node that occurs in the chunk."""
    shared_nodes = _shared_nodes(rows.nodes)
    if shared_nodes and len(rows.nodes) == 1 and layout.overwrites:
        rows = _without_superseded(rows)
        shared_nodes = _shared_nodes(rows.nodes)
    if not shared_nodes:
        return _direct(rows, layout)
    shared = [any(node in shared_nodes for node in nodes) for nodes in zip(*rows.nodes, strict=True)]
    alone = [not is_shared for is_shared in shared]
    return _direct(_pick(rows, alone), layout) + _folded(_pick(rows, shared), layout)


def _without_superseded(rows: _Rows) -> _Rows:
    """The rows without those of which nothing remains, since a later row of the same person has no blank."""
    (nodes,) = rows.nodes
    full = [None not in values for values in zip(*rows.columns, strict=True)]
    last_full = {node: at for at, node in enumerate(nodes) if full[at]}
    return _pick(rows, [at >= last_full.get(node, 0) for at, node in enumerate(nodes)])


def _pick(rows: _Rows, which: list[bool]) -> _Rows:
    return _Rows(
        list(compress(rows.lines, which)),
        [list(compress(column, which)) for column in rows.columns],
        [list(compress(column, which)) for column in rows.nodes],
    )


def _shared_nodes(columns: Sequence[Sequence[Node | None]]) -> set[Node]:
    """The nodes that more than one cell of the chunk leads to."""
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
    """Fragments of rows that share no node: each row's own, and a linking one for each further identifier."""
    return [
        fragment for place, group in _by_primary_node(rows) for fragment in _with_primary_node(place, group, layout)
    ]


def _by_primary_node(rows: _Rows) -> Iterator[tuple[int, _Rows]]:
    """The rows by the first identifier that they have: its place among the identifiers, and those rows."""
    for place in range(len(rows.nodes)):
        nodes = rows.nodes[place]
        if None not in nodes:
            yield place, rows
            return
        yield place, _pick(rows, [node is not None for node in nodes])
        rows = _pick(rows, [node is None for node in nodes])


def _with_primary_node(place: int, rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """All of them have the identifier at `place`, and none before it."""
    primary_nodes = [node for node in rows.nodes[place] if node is not None]
    namespace = layout.identifiers[place].attribute.namespace
    further = list(zip(layout.identifiers, rows.nodes, strict=True))[place + 1 :]
    ordinary, personal = _side_by_side(rows, layout.ordinary), _side_by_side(rows, layout.personal)
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
    for who, nodes in further:
        plain += _linking(who, nodes, primary_nodes, rows)
    return plain


def _linking(
    who: IdentifierColumn, nodes: Sequence[Node | None], primary_nodes: Sequence[Node], rows: _Rows
) -> Iterator[PlainFragment]:
    """Fragments that hold a further identifier and lead to the row's primary_node."""
    own = zip(rows.columns[who.place], strict=True)
    ordinary, personal = (repeat(()), own) if who.attribute.pii else (own, repeat(()))
    parts = map(who.encoder.encode, repeat(who.attribute.namespace), rows.lines, ordinary, personal, primary_nodes)
    return ((node, *part) for node, part in zip(nodes, parts, strict=True) if node is not None)


def _side_by_side(rows: _Rows, places: Sequence[int]) -> Iterable[tuple[Value | None, ...]]:
    return zip(*(rows.columns[place] for place in places), strict=True) if places else repeat(())


def _cleared_by_row(rows: _Rows, layout: Layout) -> Iterable[Sequence[str]]:
    if not layout.clearing:
        return repeat(())
    names = [layout.columns[place].attribute.name for place in layout.clearing]
    return [
        [name for name, value in zip(names, values, strict=True) if value is None]
        for values in zip(*(rows.columns[place] for place in layout.clearing), strict=True)
    ]


class _Folding:
    """What several rows say about one node; rows come in the order of their lines."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.assertions: dict[int, tuple[Value | None, int]] = {}  # by place: the value (None: cleared) and its line
        self.links: dict[Node, None] = {}

    def say(self, values: Iterable[tuple[int, Value | None]], line: int, policies: Sequence[WritePolicy]) -> None:
        """What one row says: values by place."""
        assertions = self.assertions
        for place, value in values:
            policy = policies[place]
            if value is None and policy is not WritePolicy.CLEAR_ON_BLANK:
                continue
            if policy is WritePolicy.KEEP_FIRST:
                assertions.setdefault(place, (value, line))
            else:
                assertions[place] = (value, line)


def _folded(rows: _Rows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows that meet in a node; one that all of them lead to holds what all of them say."""
    people: dict[Node, _Folding] = {}
    policies = [column.policy for column in layout.columns]
    names = [column.attribute.name for column in layout.columns]
    for line, values, nodes in zip(
        rows.lines, zip(*rows.columns, strict=True), zip(*rows.nodes, strict=True), strict=True
    ):
        present = [(who, node) for who, node in zip(layout.identifiers, nodes, strict=True) if node is not None]
        primary_node = present[0][1]
        for who, node in present:
            person = people.setdefault(node, _Folding(who.attribute.namespace))
            person.say(enumerate(values) if node is primary_node else [(who.place, values[who.place])], line, policies)
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
