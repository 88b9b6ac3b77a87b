"""The likeliest encoding: that in which the text reads as one language.

The same bytes are letters in most of them: `Iaşi` in cp1250 is `Iaºi` in cp1252, and `Dvořák` is `Dvoøák`. But no
Western language has both ø and á. So each encoding counts how many of the bytes beyond ASCII are letters of one of its
languages. Letters of other scripts than Latin make whole words, with capitals at their beginning only; Latin ones are
few beside ASCII letters. The encodings with more than one byte a character count their frequent characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.domain.files.east_asian_encodings import east_asian_shares

MAX_RUNS = 2_000  # different ones that are looked at
MAX_LATIN_RUN = 3  # letters beyond ASCII that follow each other
FIRST = "cp932"  # of several that read equally well: its frequent characters begin with bytes that are hardly letters
SEVERAL_LANGUAGES = 0.95  # weight of letters of several languages beside those of one

_RUN = re.compile(rb"[\x80-\xff]{1,64}")
_SIGNS = frozenset("–—‘’‚“”„€°§©®™…•´«»×\xa0")  # of any language, also within words
# A sign of Thai above or below no consonant, and a vowel that is written before no consonant.
_MISPLACED_THAI = re.compile("(?:^|[ะาำเ-ๆ])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]|[เ-ไ](?![ก-ฮ])")
_WESTERN = (
    "àâæçèéêëîïôœùûüÿ",
    "äöüß",
    "áéíóúüñ¿¡ªº",
    "áâãàçéêíóôõúüªº",
    "àèéìíîòóùúªº",
    "áéíóúàèëïöüäç",
    "åäöé",
    "æøåéöä",
    "áðéíóúýþæö",
)
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž")


class _Encoding(NamedTuple):
    """`languages` are the letters beyond ASCII of each language; `is_latin`: they stand beside ASCII letters."""

    languages: tuple[frozenset[str], ...]
    is_latin: bool


def _latin(*languages: str) -> _Encoding:
    return _Encoding(tuple(map(frozenset, languages)), is_latin=True)


def _script(first: str, last: str) -> _Encoding:
    return _Encoding((frozenset(map(chr, range(ord(first), ord(last) + 1))),), is_latin=False)


# Of several that read equally well, the first.
_ENCODINGS: Mapping[str, _Encoding] = {
    "cp1252": _latin(*_WESTERN),
    "cp1250": _latin(*_CENTRAL),
    "cp1254": _latin("çğıiöşüâîû"),
    "cp1257": _latin("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "cp1255": _script("א", "ת"),
    "cp1253": _script("Ͱ", "Ͽ"),
    "cp1256": _script("؀", "ۿ"),
    "cp1251": _script("Ѐ", "ӿ"),
    "cp874": _script("ก", "๎"),
}
NAMES = {
    "cp1252": "Western European",
    "cp1250": "Central European",
    "cp1254": "Turkish",
    "cp1257": "Baltic",
    "cp1251": "Cyrillic",
    "cp1253": "Greek",
    "cp1255": "Hebrew",
    "cp1256": "Arabic",
    "cp874": "Thai",
    "cp932": "Japanese",
    "euc-jp": "Japanese",
    "gb18030": "Chinese",
    "cp950": "Traditional Chinese",
    "cp949": "Korean",
}


def likeliest_encoding(lines: Sequence[bytes]) -> str:
    """The encoding in which most characters beyond ASCII of these lines are letters of one language."""
    runs: Counter[tuple[bytes, bool]] = Counter()
    for line in lines:
        runs.update((match[0], _stands_alone(line, match)) for match in _RUN.finditer(line))
        if len(runs) >= MAX_RUNS:
            break
    east_asian = east_asian_shares(lines)
    shares = {name: _share(runs, name, encoding) for name, encoding in _ENCODINGS.items()} | east_asian
    best = max(shares, key=shares.__getitem__)
    return FIRST if shares[best] and east_asian[FIRST] == shares[best] else best


def _stands_alone(line: bytes, run: re.Match[bytes]) -> bool:
    """Whether no ASCII letter is next to it."""
    around = line[max(0, run.start() - 1) : run.start()] + line[run.end() : run.end() + 1]
    return not any(map(str.isalpha, around.decode("ascii", errors="replace").replace("\ufffd", "")))


def _share(runs: Mapping[tuple[bytes, bool], int], name: str, encoding: _Encoding) -> float:
    """The share of characters that are letters of one language of the encoding; signs do not count."""
    letters: Counter[str] = Counter()
    total = 0
    for (run, alone), count in runs.items():
        text = [char for char in run.decode(name, errors="replace") if not _is_sign(char, alone=alone)]
        total += count * len(text)
        if len(text) <= MAX_LATIN_RUN if encoding.is_latin else alone and _is_word("".join(text)):
            for char in text:
                letters[char.lower()] += count
    if not total:
        return 0.0
    shares = [_known(letters, language) / total for language in encoding.languages]
    return max(*shares, SEVERAL_LANGUAGES * _known(letters, frozenset().union(*encoding.languages)) / total)


def _is_sign(char: str, *, alone: bool) -> bool:
    """Whether a character is no letter: a sign of a currency, say, which in another encoding is a letter within a
    word."""
    return char in _SIGNS or (alone and char != "\ufffd" and unicodedata.category(char)[0] in "PS")


def _is_word(text: str) -> bool:
    if _MISPLACED_THAI.search(text):
        return False
    return text in (text.lower(), text.upper(), text.capitalize()) and "ς" not in text[:-1]


def _known(letters: Mapping[str, int], language: frozenset[str]) -> int:
    return sum(count for letter, count in letters.items() if letter[0] in language)
