"""Finds the existing attribute that the name of a new one most likely means: `crmid` for `crm_id`, `email` for `emial`.

Names of attributes often differ in one letter on purpose, so the rule is stricter than that of `near_names`: they are
similar when they are equal without underscores, or one edit apart, except in a digit (`line_1`, `line_2`), a short name
or a short word (`size_a`, `size_b`). A mapping may have thousands of new names, so existing ones are indexed by what is
left of them without one letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from penstock.domain.near_names import edit_distance

MIN_LETTERS = 5  # of the longer name, without underscores
MIN_WORD = 4  # letters of the longer of the two words that differ

_DIGITS = re.compile(r"[0-9]+")


class SimilarNames:
    def __init__(self, names: Iterable[str]) -> None:
        self._by_letters: dict[str, set[str]] = {}
        for name in names:
            for letters in _without_one_letter(_joined(name)):
                self._by_letters.setdefault(letters, set()).add(name)

    def similar_to(self, name: str) -> str | None:
        """The first existing name similar to `name`, which does not exist itself."""
        shared = (self._by_letters.get(letters, ()) for letters in _without_one_letter(_joined(name)))
        candidates = {each for names in shared for each in names}
        return min((each for each in candidates if are_similar(name, each)), default=None)


def are_similar(one: str, other: str) -> bool:
    joined, other_joined = _joined(one), _joined(other)
    if joined == other_joined:
        return True
    if max(len(joined), len(other_joined)) < MIN_LETTERS or _DIGITS.sub("", joined) == _DIGITS.sub("", other_joined):
        return False
    return edit_distance(joined, other_joined, 1) == 1 and _differ_in_long_word(one.split("_"), other.split("_"))


def _differ_in_long_word(words: list[str], others: list[str]) -> bool:
    """True also for names with different numbers of words."""
    if len(words) != len(others):
        return True
    return all(
        max(len(word), len(other)) >= MIN_WORD for word, other in zip(words, others, strict=True) if word != other
    )


def _joined(name: str) -> str:
    return name.replace("_", "")


def _without_one_letter(letters: str) -> Iterator[str]:
    yield letters
    for at in range(len(letters)):
        yield letters[:at] + letters[at + 1 :]
