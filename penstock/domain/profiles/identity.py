"""Identity: from an identifier's value to the node under which a person's fragments are stored.

node = BLAKE2b-128 (RFC 7693), keyed with the tenant's hash key, of namespace ‖ 0x00 ‖ normalised value.
A namespace is an attribute name, which contains no 0x00, so different namespaces never share an input.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b

from penstock.domain.limits import MAX_EMAIL
from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.normal_form import nfc, nfd

NODE_BYTES = 16
# The characters of category Cf that are seen: Unicode's property Prepended_Concatenation_Mark.
_PREPENDED_MARKS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

Node = bytes


def normalise(value: str | int, format: ValueFormat) -> str:
    """The normal form in which all spellings of an identifier are equal; normalising it again changes nothing.

    Text is stripped of white space and of invisible format characters (Unicode's category Cf) and normalised to NFC, so
    `" C1"` equals `"C1"`, but not `"c1"`. E-mail addresses that differ in case only are equal, by Unicode's canonical
    caseless matching (The Unicode Standard, D145). Decimals lose the zeros at their end, and times with an offset get
    that of UTC. Other formats became canonical when they were parsed.
    """
    text = str(value)
    if not text.isascii():
        return _canonical(text, caseless=format.kind is ValueType.EMAIL)
    text = text.strip()
    match format.kind:
        case ValueType.EMAIL:
            return text.lower()
        case ValueType.DECIMAL if "." in text:
            return text.rstrip("0").rstrip(".")
        case ValueType.DATETIME:
            return _in_utc(text)
    return text


def _canonical(text: str, *, caseless: bool) -> str:
    formatting = {char for char in set(text) - _PREPENDED_MARKS if unicodedata.category(char) == "Cf"}
    visible = text.translate(dict.fromkeys(map(ord, formatting))).strip()
    caseless = caseless and len(visible) <= MAX_EMAIL  # a longer one is no address
    return nfc(nfd(visible).casefold()) if caseless else nfc(visible)


def letters_count(format: ValueFormat) -> bool:
    """Whether values that differ only in upper and lower case, or in spaces within, are different identifiers."""
    return format.kind is ValueType.TEXT


def _in_utc(text: str) -> str:
    """A time in UTC; as it is without an offset, and next to the first and the last year."""
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text)
        return text if at.tzinfo is None else at.astimezone(UTC).isoformat()
    return text


class NodeHasher:
    """Computes nodes of one namespace; hashes the key and the namespace only once."""

    def __init__(self, namespace: str, hash_key: bytes) -> None:
        self._keyed = blake2b(namespace.encode() + b"\0", digest_size=NODE_BYTES, key=hash_key)

    def node(self, value: str | int, format: ValueFormat) -> Node:
        """The node of an identifier's value, which need not be normalised."""
        state = self._keyed.copy()
        state.update(normalise(value, format).encode())
        return state.digest()

    def column(self, values: Sequence[str | int | None], format: ValueFormat) -> list[Node | None]:
        """The node of each value, None for a blank one. Equals `node`, but avoids its calls for plain text."""
        keyed, plain = self._keyed, format.kind is ValueType.TEXT
        nodes: list[Node | None] = []
        for value in values:
            if value is None:
                nodes.append(None)
                continue
            text = value.strip() if plain and type(value) is str and value.isascii() else normalise(value, format)
            state = keyed.copy()
            state.update(text.encode())
            nodes.append(state.digest())
        return nodes
