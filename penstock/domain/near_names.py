"""Which known name a mistyped one may have meant.

Comparing two names costs the square of their length, and whoever mistypes may do so often and on purpose: names that
cannot be near are left out by their length, and few of the others are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest

MAX_EDITS = 2  # letters left out, put in, replaced or swapped with the next one
LETTERS_PER_EDIT = 3  # a name of three may have one edit: of two, little of it would be left
COMPARED_CHARACTERS = 64  # no name is longer
MAX_COMPARED = 10  # names, those with the most letters in place


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is most like `name`, itself among them; None when none is near."""
    wanted = name[:COMPARED_CHARACTERS].casefold()
    most = min(MAX_EDITS, max(len(wanted) // LETTERS_PER_EDIT, int(len(wanted) > 1)))
    alike = (each for each in names if abs(len(each) - len(wanted)) <= most)
    candidates = nlargest(MAX_COMPARED, alike, key=lambda each: _letters_in_place(wanted, each))
    edits, near = min(((_edits(wanted, each, most), each) for each in candidates), default=(most + 1, ""))
    return near if edits <= most else None


def _letters_in_place(one: str, other: str) -> int:
    """Counted from both ends: what stands before an edit, and what stands after it."""
    return sum(map(str.__eq__, one, other)) + sum(map(str.__eq__, reversed(one), reversed(other)))


def _edits(one: str, other: str, most: int) -> int:
    """How many edits make `other` of `one`; any number above `most` when it takes more.

    The rows of the usual matrix (optimal string alignment), as far as `most` from its diagonal.
    """
    beyond = most + 1
    before: dict[int, int] = {}
    row = {column: column for column in range(min(most, len(other)) + 1)}
    for line, letter in enumerate(one, 1):
        above, row = row, {}
        for column in range(max(0, line - most), min(len(other), line + most) + 1):
            there = other[column - 1] if column else ""
            least = min(above.get(column, beyond), row.get(column - 1, beyond)) + 1
            if column:
                least = min(least, above.get(column - 1, beyond) + (letter != there))
            if line > 1 and column > 1 and letter == other[column - 2] and one[line - 2] == there:
                least = min(least, before.get(column - 2, beyond) + 1)
            row[column] = least
        before = above
        if min(row.values(), default=beyond) > most:
            return beyond
    return row.get(len(other), beyond)
