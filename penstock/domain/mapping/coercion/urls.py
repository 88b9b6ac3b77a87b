"""Web addresses: absolute http or https URLs with a host, kept unchanged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from penstock.domain.limits import MAX_URL
from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Bounded so that it matches nothing longer than MAX_URL: 8 + 63 + 10 * 64 + 1 + 1,300 characters.
_PLAIN = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL}){{1,10}}(?:[/?#][!-~]{{0,1300}})?")
# A host has up to 253 characters. The limit protects urlsplit, which normalises the text before the path, in quadratic
# time for combining marks.
_START = re.compile(r"https?://[^/?#]{1,512}(?:[/?#]|\Z)", re.IGNORECASE | re.ASCII)
# Characters that urlsplit silently drops or accepts (white space, C0 and C1 controls), and the browsers' other slash.
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\xa0\\]")
_IPV6_NETLOC = re.compile(r"(?:[^@]*@)?\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
_HOST_LABEL = r"[A-Za-z0-9_\u00a1-\U0010ffff-]+"
_HOST = re.compile(rf"(?!-){_HOST_LABEL}(?:\.{_HOST_LABEL})*\.?")


class UrlCoercer(CellCoercer):
    max_characters = MAX_URL

    def parse(self, text: str) -> Value:
        if not _START.match(text) or _FORBIDDEN.search(text) or not _has_host(text):
            raise CoercionError("not_a_url")
        return text

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        plain = _PLAIN.fullmatch
        return [cell if plain(cell) else None for cell in cells]


def _has_host(text: str) -> bool:
    """Whether urlsplit finds a host name or address, and no invalid port."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port  # raises ValueError when it is invalid
        if "[" in parts.netloc or "]" in parts.netloc:
            return _IPV6_NETLOC.fullmatch(parts.netloc) is not None and IPv6Address(host) is not None
    except ValueError:
        return False
    return _HOST.fullmatch(host) is not None
