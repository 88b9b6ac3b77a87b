"""Unicode's normal forms NFC and NFD in linear time, whatever the text."""

from __future__ import annotations

import re
import unicodedata
from itertools import repeat
from typing import Literal

_NFD: Literal["NFD"] = "NFD"
_SHORT = 256  # characters for which quadratic time is acceptable
_LONG_RUN = re.compile(rb"[^\0]{32,}")  # of combining classes; class 0 does not combine


def nfc(text: str) -> str:
    """`text` in NFC.

    `unicodedata.normalize` sorts combining marks by insertion, which takes quadratic time for a run in the wrong order
    and linear time for a sorted one.
    """
    return unicodedata.normalize("NFC", text if _is_short(text) else _with_sorted_marks(text))


def nfd(text: str) -> str:
    """`text` in NFD, decomposed."""
    return unicodedata.normalize(_NFD, text if _is_short(text) else _with_sorted_marks(text))


def _is_short(text: str) -> bool:
    return len(text) <= _SHORT or text.isascii()


def _with_sorted_marks(text: str) -> str:
    """`text` decomposed, with its long runs of combining marks sorted by class, as in NFD."""
    chars = "".join(map(unicodedata.normalize, repeat(_NFD), text))
    parts: list[str] = []
    done = 0
    for run in _LONG_RUN.finditer(bytes(map(unicodedata.combining, chars))):
        parts += chars[done : run.start()], "".join(sorted(chars[run.start() : run.end()], key=unicodedata.combining))
        done = run.end()
    return "".join([*parts, chars[done:]])
