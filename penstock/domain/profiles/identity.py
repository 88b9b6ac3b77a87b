"""Identity: from an identifier's value to the node at which a person's fragments lie.

node = BLAKE2b-128 (RFC 7693), keyed with the tenant's hash key, of namespace ‖ 0x00 ‖ normalised value.
A namespace is an attribute name, so it holds no 0x00, and two namespaces never meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.normal_form import nfc

NODE_BYTES = 16

Node = bytes


def normalise(value: str | int, format: ValueFormat) -> str:
    """The form in which two spellings of one identifier are equal.

    Text loses the white space around it and is put in NFC, so `" C1"` is `"C1"` but `"c1"` is not;
    an e-mail address is compared without case. Other formats were made canonical when they were read.
    """
    text = str(value)
    if format.kind is ValueType.EMAIL:
        text = text.lower()
    text = text.strip()
    return text if text.isascii() else nfc(text)


class NodeHasher:
    """Gives the nodes of one namespace; keying and namespace are absorbed once."""

    def __init__(self, namespace: str, hash_key: bytes) -> None:
        self._keyed = blake2b(namespace.encode() + b"\0", digest_size=NODE_BYTES, key=hash_key)

    def node(self, value: str | int, format: ValueFormat) -> Node:
        """The node of an identifier's value, which is normalised first."""
        state = self._keyed.copy()
        state.update(normalise(value, format).encode())
        return state.digest()

    def column(self, values: Sequence[str | int | None], format: ValueFormat) -> list[Node | None]:
        """The node of each value, None where the value is blank; as `node`, but without its calls for plain text."""
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
