"""Yes or no, in English or in the words of a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_BOOLEAN_WORD, MAX_BOOLEAN_WORDS
from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value
from penstock.domain.normal_form import nfc

_ENGLISH = "true,yes,y,t,1|false,no,n,f,0"
_TURKISH_CAPITALS = str.maketrans("iı", "İI")


class BooleanCoercer(CellCoercer):
    """The words of `argument` (`yes,y|no,n`), in any case; by default true, yes, y, t, 1 or false, no, n, f, 0."""

    def __init__(self, argument: str = "") -> None:
        self._words = _words(argument or _ENGLISH)

    def parse(self, text: str) -> Value:
        if (value := self._words.get(nfc(text).lower())) is None:
            raise CoercionError("not_a_boolean")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        value_of = self._words.get
        return [value_of(cell.lower()) for cell in cells]


def _words(argument: str) -> Mapping[str, Value]:
    """The value of each word in lower case. Raises `Refused`."""
    sides = [[nfc(word.strip()).lower() for word in side.split(",")] for side in argument.split("|")]
    words = [word for side in sides for word in side]
    if len(sides) != 2:
        raise _refused("they need exactly one | between the words for yes and those for no")
    if not all(words) or len(set(words)) != len(words):
        raise _refused("a word is blank or repeated")
    if len(words) > MAX_BOOLEAN_WORDS or max(map(len, words)) > MAX_BOOLEAN_WORD:
        raise _refused(f"up to {MAX_BOOLEAN_WORDS} words of {MAX_BOOLEAN_WORD} characters are allowed")
    values: dict[str, Value] = {**dict.fromkeys(sides[0], True), **dict.fromkeys(sides[1], False)}
    return {_from_turkish_capitals(word): value for word, value in values.items()} | values


def _from_turkish_capitals(word: str) -> str:
    """`word` in lower case once more, after it was in Turkish capitals: of `hayır`, HAYIR is `hayir`."""
    return word.translate(_TURKISH_CAPITALS).upper().lower()


def _refused(why: str) -> Refused:
    return refusal(
        "invalid_format",
        f"The words of a boolean are wrong: {why}",
        "List the words for yes, then those for no, such as boolean(ja,j|nee,n).",
    )
