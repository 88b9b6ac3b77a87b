"""Unicode's normal form NFC in time that grows with the length alone, whatever the text."""

from __future__ import annotations

import re
import unicodedata
from itertools import repeat
from typing import Literal

_NFD: Literal["NFD"] = "NFD"
_SHORT = 256  # characters that may cost the square of their number
_LONG_RUN = re.compile(rb"[^\0]{32,}")  # of combining classes; 0 is that of what does not combine


def nfc(text: str) -> str:
    """`text` in NFC.

    `unicodedata.normalize` sorts marks that combine by insertion, so that a run in the wrong order costs the square of
    its length; one that is in order costs no more than its length.
    """
    return unicodedata.normalize("NFC", text if len(text) <= _SHORT else _in_order(text))


def _in_order(text: str) -> str:
    """`text` decomposed, with its long runs of combining marks sorted by class, as NFD has them."""
    chars = "".join(map(unicodedata.normalize, repeat(_NFD), text))
    parts: list[str] = []
    done = 0
    for run in _LONG_RUN.finditer(bytes(map(unicodedata.combining, chars))):
        parts += chars[done : run.start()], "".join(sorted(chars[run.start() : run.end()], key=unicodedata.combining))
        done = run.end()
    return "".join([*parts, chars[done:]])
