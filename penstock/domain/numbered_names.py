"""Numbers names that are used already: `city_2` beside `city`."""

from __future__ import annotations

from collections.abc import Iterable


class NumberedNames:
    """Counts on from the last number of each name, so that a used name is compared at most once: numbering a thousand
    equal names takes linear time."""

    def __init__(self, used: Iterable[str]) -> None:
        self._used = set(used)
        self._last: dict[str, int] = {}

    def free(self, name: str) -> str:
        """`name` itself when it is free, from now on used; otherwise as `numbered`."""
        if name in self._used:
            return self.numbered(name)
        self._used.add(name)
        return name

    def numbered(self, name: str) -> str:
        """`name_2`, or with the next higher number that is free; from now on it is used."""
        number = self._last.get(name, 1) + 1
        while f"{name}_{number}" in self._used:
            number += 1
        self._last[name] = number
        self._used.add(f"{name}_{number}")
        return f"{name}_{number}"
