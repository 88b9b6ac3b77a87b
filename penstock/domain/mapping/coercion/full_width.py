"""Characters of full width, which keyboards of East Asia type: １８４２５, （５）, ａ＠ｂ．ｊｐ."""

from __future__ import annotations

import re

_FIRST, _LAST, _TO_ASCII = 0xFF01, 0xFF5E, 0xFEE0
_ASCII = {code: code - _TO_ASCII for code in range(_FIRST, _LAST + 1)}
_FULL_WIDTH = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


def has_full_width(text: str) -> bool:
    """Whether a text has a character of ASCII in full width."""
    return not text.isascii() and _FULL_WIDTH.search(text) is not None


def in_ascii(text: str) -> str:
    """The text with characters of full width as those of ASCII."""
    return text.translate(_ASCII)
