"""Finds the known name that a mistyped name most likely means.

Comparing two names takes quadratic time, and a caller may send mistyped names on purpose. So names of a very different
length are skipped, and only a few of the others are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest

MAX_EDITS = 2  # letters removed, inserted, replaced or swapped with the next one
LETTERS_PER_EDIT = 3  # a name of three letters may have one edit; two would change most of it
COMPARED_CHARACTERS = 64  # longer names are truncated
MAX_COMPARED = 10  # names with the most letters in place


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The name in `names` closest to `name` (which may be among them), or None when none is close."""
    mistyped = name[:COMPARED_CHARACTERS].casefold()
    max_edits = min(MAX_EDITS, max(len(mistyped) // LETTERS_PER_EDIT, int(len(mistyped) > 1)))
    similar = (each for each in names if abs(len(each) - len(mistyped)) <= max_edits)
    candidates = nlargest(MAX_COMPARED, similar, key=lambda each: _letters_in_place(mistyped, each))
    edits, nearest = min(
        ((edit_distance(mistyped, each, max_edits), each) for each in candidates), default=(max_edits + 1, "")
    )
    return nearest if edits <= max_edits else None


def _letters_in_place(one: str, other: str) -> int:
    """Equal letters counted from both ends, so that letters before and after an edit count."""
    return sum(map(str.__eq__, one, other)) + sum(map(str.__eq__, reversed(one), reversed(other)))


def edit_distance(one: str, other: str, max_edits: int) -> int:
    """The number of edits from `one` to `other`; any number above `max_edits` when it takes more.

    Computes the rows of the optimal string alignment matrix, within `max_edits` of its diagonal.
    """
    beyond = max_edits + 1
    before: dict[int, int] = {}
    row = {column: column for column in range(min(max_edits, len(other)) + 1)}
    for line, letter in enumerate(one, 1):
        above, row = row, {}
        for column in range(max(0, line - max_edits), min(len(other), line + max_edits) + 1):
            other_letter = other[column - 1] if column else ""
            edits = min(above.get(column, beyond), row.get(column - 1, beyond)) + 1
            if column:
                edits = min(edits, above.get(column - 1, beyond) + (letter != other_letter))
            if line > 1 and column > 1 and letter == other[column - 2] and one[line - 2] == other_letter:
                edits = min(edits, before.get(column - 2, beyond) + 1)
            row[column] = edits
        before = above
        if min(row.values(), default=beyond) > max_edits:
            return beyond
    return row.get(len(other), beyond)
