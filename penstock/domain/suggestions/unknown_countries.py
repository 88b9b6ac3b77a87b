"""The words in a column with countries that name none: which may be named, and which are misspelt."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from penstock.domain.mapping.coercion.country_names import country_code
from penstock.domain.suggestions.spellings import is_similar

MIN_NAMED = 5  # cells with a word, for it to be named: a rarer one may be a customer's, in the wrong column
MAX_NAMED = 6
ANY_COUNTRY = "XX"  # in a value map, where a person has to write the code of the country
MAX_WORD = 60  # characters
MAX_COMPARED = 30  # words, the most frequent ones, with the countries of the file

_VALUE = re.compile(r"[0-9@]")


class UnknownCountry(NamedTuple):
    """A word, its cells, and the country of the same file that it may be a misspelling of."""

    word: str
    cells: int
    meant: str | None


class UnknownCountries(NamedTuple):
    """`named` are the words that may be named, the most frequent first; `others` counts the cells of the rest."""

    named: list[UnknownCountry]
    others: int

    def __str__(self) -> str:
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        for each in self.named:
            yield f"{each.word!r} {each.cells:,}" + (f" (perhaps {each.meant!r} misspelt)" if each.meant else "")
        if self.others and self.named:
            yield "1 other" if self.others == 1 else f"{self.others:,} others"
        elif self.others:
            yield f"{self.others:,} of words that are rare, or values"

    @property
    def value_map(self) -> str:
        """A value map for the column, in JSON; empty if no word may be named."""
        codes = {each.word: country_code(each.meant or "") or ANY_COUNTRY for each in self.named}
        return json.dumps(codes, ensure_ascii=False) if codes else ""


def unknown_countries(cells: Counter[str], known: Collection[str]) -> UnknownCountries:
    """Those among `cells`, of a file that writes its countries as `known`."""
    found = {word: count for word, count in cells.items() if word.strip() and country_code(word) is None}
    named: list[UnknownCountry] = []
    for word, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MAX_COMPARED]:
        meant = next((each for each in known if is_similar(word, each)), None) if len(word) <= MAX_WORD else None
        may_be_named = count >= MIN_NAMED and len(word) <= MAX_WORD and not _VALUE.search(word)
        if (meant or may_be_named) and len(named) < MAX_NAMED:
            named.append(UnknownCountry(word, count, meant))
    return UnknownCountries(named, sum(found.values()) - sum(each.cells for each in named))
