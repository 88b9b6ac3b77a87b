"""Identity: from an identifier's value to the node under which a person's fragments are stored.

node = BLAKE2b-128 (RFC 7693), keyed with the tenant's hash key, of namespace ‖ 0x00 ‖ normalised value.
A namespace is an attribute name, which contains no 0x00, so different namespaces never share an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.normal_form import nfc

NODE_BYTES = 16

Node = bytes


def normalise(value: str | int, format: ValueFormat) -> str:
    """The normal form in which all spellings of an identifier are equal.

    Text is stripped of white space and normalised to NFC, so `" C1"` equals `"C1"`, but not `"c1"`; the case of an
    e-mail address is ignored. Decimals lose the zeros at their end, and times with an offset get that of UTC. Other
    formats became canonical when they were parsed.
    """
    text = str(value)
    if format.kind is ValueType.EMAIL:
        text = text.lower()
    text = text.strip()
    if not text.isascii():
        return nfc(text)
    if format.kind is ValueType.DECIMAL and "." in text:
        return text.rstrip("0").rstrip(".")
    return _in_utc(text) if format.kind is ValueType.DATETIME else text


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
