"""Makes plain fragments of the valid rows of a chunk, one for each node.

This is the hot path. It has two branches: rows whose nodes occur once in the chunk (nearly all) are encoded directly
from the columns; rows that share a node with another row are folded first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat

from penstock.domain.ingestion.layout import IdentifierColumn, Layout
from penstock.domain.ingestion.valid_rows import ValidRows
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.fragments import MAX_LINKS, NO_NODE, Value
from penstock.domain.profiles.identity import Node

PlainFragment = tuple[Node, bytes, bytes]  # a node, then the general and the personal part of its fragment


def plain_fragments(rows: ValidRows, layout: Layout) -> list[PlainFragment]:
    """One fragment for each node in the chunk."""
    shared_nodes = _shared_nodes(rows.nodes)
    if shared_nodes and len(rows.nodes) == 1 and layout.overwrites:
        rows = _without_superseded(rows)
        shared_nodes = _shared_nodes(rows.nodes)
    if not shared_nodes:
        return _direct(rows, layout)
    shared = [any(node in shared_nodes for node in nodes) for nodes in zip(*rows.nodes, strict=True)]
    unshared = [not is_shared for is_shared in shared]
    return _direct(rows.pick(unshared), layout) + _folded(rows.pick(shared), layout)


def _without_superseded(rows: ValidRows) -> ValidRows:
    """The rows that still matter: a later row of the same person without blanks overwrites all earlier ones."""
    (nodes,) = rows.nodes
    has_no_blank = [None not in values for values in zip(*rows.columns, strict=True)]
    last_without_blank = {node: at for at, node in enumerate(nodes) if has_no_blank[at]}
    return rows.pick([at >= last_without_blank.get(node, 0) for at, node in enumerate(nodes)])


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


def _direct(rows: ValidRows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows that share no node: one per row, and a linking fragment for each further identifier."""
    return [
        fragment for place, group in _by_primary_node(rows) for fragment in _with_primary_node(place, group, layout)
    ]


def _by_primary_node(rows: ValidRows) -> Iterator[tuple[int, ValidRows]]:
    """The rows grouped by their first identifier that is not blank, with its place among the identifiers."""
    for place in range(len(rows.nodes)):
        nodes = rows.nodes[place]
        if None not in nodes:
            yield place, rows
            return
        yield place, rows.pick([node is not None for node in nodes])
        rows = rows.pick([node is None for node in nodes])


def _with_primary_node(place: int, rows: ValidRows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows whose first identifier is the one at `place`."""
    primary_nodes = [node for node in rows.nodes[place] if node is not None]
    namespace = layout.identifiers[place].attribute.namespace
    further = list(zip(layout.identifiers, rows.nodes, strict=True))[place + 1 :]
    ordinary, personal = _values_by_row(rows, layout.ordinary), _values_by_row(rows, layout.personal)
    links = map(b"".join, zip(*([node or NO_NODE for node in nodes] for _, nodes in further), strict=True))
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
    identifier: IdentifierColumn, nodes: Sequence[Node | None], primary_nodes: Sequence[Node], rows: ValidRows
) -> Iterator[PlainFragment]:
    """Fragments that hold a further identifier and link to the row's primary node."""
    own = zip(rows.columns[identifier.place], strict=True)
    ordinary, personal = (repeat(()), own) if identifier.personal else (own, repeat(()))
    parts = map(
        identifier.encoder.encode, repeat(identifier.attribute.namespace), rows.lines, ordinary, personal, primary_nodes
    )
    return ((node, *part) for node, part in zip(nodes, parts, strict=True) if node is not None)


def _values_by_row(rows: ValidRows, places: Sequence[int]) -> Iterable[tuple[Value | None, ...]]:
    return zip(*(rows.columns[place] for place in places), strict=True) if places else repeat(())


def _cleared_by_row(rows: ValidRows, layout: Layout) -> Iterable[Sequence[str]]:
    if not layout.clearing:
        return repeat(())
    names = [layout.columns[place].attribute.name for place in layout.clearing]
    cleared = [
        [name for name, value in zip(names, values, strict=True) if value is None]
        for values in zip(*(rows.columns[place] for place in layout.clearing), strict=True)
    ]
    return _without_dropped(cleared, rows, layout) if rows.dropped else cleared


def _without_dropped(cleared: Iterable[list[str]], rows: ValidRows, layout: Layout) -> list[list[str]]:
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


def _folded(rows: ValidRows, layout: Layout) -> list[PlainFragment]:
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
    return layout.encoder.encode(
        person.namespace, row, ordinary, personal, b"".join(islice(person.links, MAX_LINKS)), rows, cleared
    )
