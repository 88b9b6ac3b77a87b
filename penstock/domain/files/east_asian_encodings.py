"""How well text reads in the encodings of Chinese, Japanese and Korean, which have two bytes for most characters.

Almost any bytes are some character of these encodings, but text has mostly the frequent ones: kana, the first level of
the Chinese characters, and Hangul. Each encoding counts how many characters are among them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

MAX_LINES = 1_000
MAX_BYTES = 131_072
MIN_CHARACTERS = 4  # frequent ones: two names
WIDTH = 2  # bytes of a frequent character
HALF_WIDTH = 0.5  # weight of katakana with one byte, which alone are letters of many encodings

# A frequent character whose second byte is ASCII has another character beside it. `’s` of cp1252 is one, alone.
_ASCII_TRAIL = rb"(?:[\x40-\x7e](?=[\x80-\xff])|(?<=[\x80-\xff]{2})[\x40-\x7e])"


def _characters(frequent: bytes, others: bytes, half_width: bytes = rb"(?!)") -> re.Pattern[bytes]:
    """Matches one character, or a byte beyond ASCII that is part of none. The groups are the weights of characters."""
    return re.compile(rb"(?P<frequent>%s)|(?P<half>%s)|%s|[\x80-\xff]" % (frequent, half_width, others))


# Of several that read equally well, the first. Hangul are also frequent characters of EUC-JP and GB 18030, and those of
# EUC-JP are frequent in GB 18030.
_ENCODINGS: Mapping[str, re.Pattern[bytes]] = {
    "cp932": _characters(
        rb"[\x81-\x83\x88-\x97](?:[\x80-\xfc]|%s)|\x98[\x40-\x72]" % _ASCII_TRAIL,
        rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]",
        rb"[\xa1-\xdf](?=[\xa1-\xdf])|(?<=[\xa1-\xdf])[\xa1-\xdf]",
    ),
    "cp949": _characters(rb"[\xa1\xa3\xb0-\xc8][\xa1-\xfe]", rb"[\x81-\xfe][\x41-\x5a\x61-\x7a\x81-\xfe]"),
    "euc-jp": _characters(
        rb"[\xa1\xa4\xa5\xb0-\xcf][\xa1-\xfe]", rb"\x8f?[\xa1-\xfe][\xa1-\xfe]", rb"\x8e[\xa1-\xdf]"
    ),
    "gb18030": _characters(
        rb"[\xa1\xa3\xb0-\xd7][\xa1-\xfe]", rb"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[0-9][\x81-\xfe][0-9])"
    ),
    "cp950": _characters(
        rb"[\xa1-\xc6](?:[\xa1-\xfe]|%s)" % _ASCII_TRAIL, rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"
    ),
}  # fmt: skip


def east_asian_shares(lines: Iterable[bytes]) -> dict[str, float]:
    """By encoding, the share of the bytes of characters beyond ASCII in the first lines that are of frequent ones."""
    text = b"\n".join(islice(lines, MAX_LINES))[:MAX_BYTES]
    return {name: _share(text, characters) for name, characters in _ENCODINGS.items()}


def _share(text: bytes, characters: re.Pattern[bytes]) -> float:
    sizes: Counter[str | None] = Counter()
    for match in characters.finditer(text):
        sizes[match.lastgroup] += match.end() - match.start()
    frequent = sizes["frequent"] // WIDTH
    if frequent + sizes["half"] < MIN_CHARACTERS:
        return 0.0
    weight = HALF_WIDTH if frequent < MIN_CHARACTERS else 1.0
    return (sizes["frequent"] + weight * sizes["half"]) / sizes.total()
