"""Identity: from an identifier's value to the node at which a person's fragments lie.

node = BLAKE2b-128 (RFC 7693), keyed with the tenant's hash key, of namespace ‖ 0x00 ‖ normalised value.
A namespace is an attribute name, so it holds no 0x00, and two namespaces never meet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from hashlib import blake2b

from penstock.domain.attributes import FormatKind, InputFormat

NODE_BYTES = 16

Node = bytes


def normalise(value: str | int, format: InputFormat) -> str:
    """The form in which two spellings of one identifier are equal.

    Text loses the white space around it and is put in NFC, so `" C1"` is `"C1"` but `"c1"` is not;
    an e-mail address is compared without case. Other formats were made canonical when they were read.
    """
    text = str(value)
    if format.kind is FormatKind.EMAIL:
        text = text.lower()
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def node_hasher(namespace: str, hash_key: bytes) -> Callable[[str], Node]:
    """A function from a normalised value to its node; keying and namespace are absorbed once."""
    keyed = blake2b(namespace.encode() + b"\0", digest_size=NODE_BYTES, key=hash_key)

    def node(value: str) -> Node:
        state = keyed.copy()
        state.update(value.encode())
        return state.digest()

    return node


def column_nodes(
    values: Iterable[str | int | None], format: InputFormat, hash_of: Callable[[str], Node]
) -> list[Node | None]:
    """The node of each value of a column; None where the value is blank."""
    return [None if value is None else hash_of(normalise(value, format)) for value in values]
