"""The values of one identifier that rows of different people share, such as a couple's e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.profiles.identity import Node

MAX_KEPT = 32_768  # values


class SharedValues:
    """Counts the values of an identifier that stand on rows with different values of the first identifier.

    Of more than `MAX_KEPT` values, those with the lowest nodes are counted: nodes are keyed hashes, so that they are a
    random sample, and the count is one that the file has at least.
    """

    def __init__(self) -> None:
        self._first: dict[Node, Node] = {}  # the first identifier of the first row with a value
        self._shared: set[Node] = set()
        self._below: Node | None = None  # the lowest node that is not counted

    def add(self, nodes: Sequence[Node | None], first: Sequence[Node | None]) -> None:
        """The nodes of the identifier and of the first one, of the rows of a chunk."""
        known, shared, below = self._first, self._shared, self._below
        for node, person in zip(nodes, first, strict=True):
            if node is None or person is None or (below is not None and node >= below):
                continue
            if known.setdefault(node, person) != person:
                shared.add(node)
        if len(known) > MAX_KEPT:
            self._below = below = sorted(known)[MAX_KEPT // 2]
            self._first = {node: person for node, person in known.items() if node < below}
            self._shared = {node for node in shared if node < below}

    @property
    def count(self) -> int:
        return len(self._shared)

    @property
    def complete(self) -> bool:
        """Whether all values were counted."""
        return self._below is None
