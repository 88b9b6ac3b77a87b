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
_Row = tuple[int, tuple[Value | None, ...], tuple[Node | None, ...]]  # its line, values and nodes


def plain_fragments(rows: ValidRows, layout: Layout) -> list[PlainFragment]:
    """One fragment for each node in the chunk."""
    shared_nodes = _shared_nodes(rows.nodes)
    if shared_nodes and len(rows.nodes) == 1 and layout.overwrites and rows.times is None:
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
        _times_by_row(rows),
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
        identifier.encoder.encode,
        repeat(identifier.attribute.namespace),
        rows.lines,
        ordinary,
        personal,
        primary_nodes,
        repeat(None),
        repeat(()),
        _times_by_row(rows),
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


def _times_by_row(rows: ValidRows) -> Iterable[Mapping[int, int] | None]:
    if rows.times is None:
        return repeat(None)
    return [None if time is None else {line: time} for line, time in zip(rows.lines, rows.times, strict=True)]


def _without_dropped(cleared: Iterable[list[str]], rows: ValidRows, layout: Layout) -> list[list[str]]:
    lines_of = {layout.columns[place].attribute.name: lines for place, lines in rows.dropped.items()}
    return [
        [name for name in names if line not in lines_of.get(name, ())]
        for line, names in zip(rows.lines, cleared, strict=True)
    ]


class _Folding:
    """The assertions of several rows about one node; rows are added in the order in which they are folded."""

    def __init__(self, identifier: IdentifierColumn, dropped: Mapping[int, Collection[int]]) -> None:
        self.identifier = identifier
        self.dropped = dropped
        self.assertions: dict[int, tuple[Value | None, int]] = {}  # by place: the value (None: cleared) and its line
        self.linking: tuple[Value | None, int] | None = None  # as named by rows whose facts are at another node
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

    @property
    def is_linking(self) -> bool:
        return self.linking is not None and self.identifier.place not in self.assertions

    def all(self) -> dict[int, tuple[Value | None, int]]:
        """The assertions, and that of the node's own identifier if only other rows link to it."""
        if self.linking is None or not self.is_linking:
            return self.assertions
        return {**self.assertions, self.identifier.place: self.linking}


def _folded(rows: ValidRows, layout: Layout) -> list[PlainFragment]:
    """Fragments of rows that share nodes; a shared node's fragment holds the assertions of all its rows."""
    people: dict[Node, _Folding] = {}
    policies = [column.policy for column in layout.columns]
    names = [column.attribute.name for column in layout.columns]
    times = _known_times(rows)
    found = zip(rows.lines, zip(*rows.columns, strict=True), zip(*rows.nodes, strict=True), strict=True)
    for line, values, nodes in found if rows.times is None else _by_time(list(found), rows.times, layout):
        present = [
            (identifier, node) for identifier, node in zip(layout.identifiers, nodes, strict=True) if node is not None
        ]
        primary_node = present[0][1]
        for identifier, node in present:
            person = people.setdefault(node, _Folding(identifier, rows.dropped))
            if node is primary_node:
                person.add(enumerate(values), line, policies)
                person.links.update(dict.fromkeys(other for _, other in present[1:]))
            else:
                person.linking = (values[identifier.place], line)
                person.links[primary_node] = None
    return [(node, *_encode_folding(person, layout, names, times)) for node, person in people.items()]


def _known_times(rows: ValidRows) -> Mapping[int, int]:
    return {line: time for line, time in zip(rows.lines, rows.times or (), strict=False) if time is not None}


def _by_time(found: list[_Row], times: Sequence[int | None], layout: Layout) -> Iterator[_Row]:
    """The rows in the order in which they were true, and those of one time in the order of the file."""
    known = [layout.usual_time if time is None else time for time in times]
    return (found[at] for at in sorted(range(len(found)), key=known.__getitem__))


def _encode_folding(
    person: _Folding, layout: Layout, names: Sequence[str], times: Mapping[int, int]
) -> tuple[bytes, bytes]:
    assertions = person.all()
    lines = {line for _, line in assertions.values()}
    row = max(lines)
    return layout.encoder.encode(
        person.identifier.attribute.namespace,
        row,
        tuple(assertions.get(place, (None, 0))[0] for place in layout.ordinary),
        tuple(assertions.get(place, (None, 0))[0] for place in layout.personal),
        b"".join(islice(person.links, MAX_LINKS)),
        {names[place]: line for place, (_, line) in assertions.items() if line != row},
        [names[place] for place, (value, _) in assertions.items() if value is None],
        {line: times[line] for line in sorted(lines & times.keys())},
        person.is_linking,
    )
