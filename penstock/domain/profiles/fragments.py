"""Fragments: the assertions of one upload request about one identifier, and their stored format.

The key sorts: node (16) ‖ data source (8) ‖ request id (16) ‖ chunk (4, big-endian). The last 20 bytes are the
fragment's origin.

The plain parts are MessagePack arrays:

    general   [namespace, row, names, values, personal names, links, rows, policies, cleared, root rows]
    personal  [value of each personal name, in their order]

`row` is the line of the file that every value came from unless `rows` says otherwise by attribute; `links` are the
joined nodes of the row's other identifiers; `policies` hold the attributes whose write policy is not `overwrite`;
`cleared` names the attributes that a blank cell removed. Only a child's fragments have `root rows`: by row, the line of
the root's file that it corrects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress
from typing import NamedTuple
from uuid import UUID

import msgspec

from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.identity import NODE_BYTES, Node

Value = str | int | bool

SOURCE_BYTES = 8
REQUEST_BYTES = 16
CHUNK_BYTES = 4
KEY_BYTES = NODE_BYTES + SOURCE_BYTES + REQUEST_BYTES + CHUNK_BYTES
ORIGIN_BYTES = REQUEST_BYTES + CHUNK_BYTES
CACHED_SELECTIONS = 1_024


class StoredFragment(NamedTuple):
    """A fragment as the profile store has it."""

    key: bytes
    cell: bytes


KeyAndCell = tuple[bytes, bytes]  # a StoredFragment to write, as a plain tuple, which is faster to create and bind


class FragmentKey(NamedTuple):
    """A parsed fragment key; `source` is `source_key` of the data source's name."""

    node: Node
    source: bytes
    request_id: str
    chunk: int


def source_key(data_source: str) -> bytes:
    """The 8 bytes that identify a data source in a fragment key."""
    return blake2b(data_source.encode(), digest_size=SOURCE_BYTES, person=b"penstock source").digest()


def key_suffix(data_source: str, request_id: str, chunk: int) -> bytes:
    """All of a fragment key that follows the node; the same for a whole chunk."""
    return source_key(data_source) + UUID(request_id).bytes + chunk.to_bytes(CHUNK_BYTES, "big")


def split_key(key: bytes) -> FragmentKey:
    node, suffix = key[:NODE_BYTES], key[NODE_BYTES:]
    source, request, chunk = suffix[:SOURCE_BYTES], suffix[SOURCE_BYTES:-CHUNK_BYTES], suffix[-CHUNK_BYTES:]
    return FragmentKey(node, source, str(UUID(bytes=request)), int.from_bytes(chunk, "big"))


def bucket_of(node: Node, bits: int) -> int:
    """The partition of a node: its leading `bits` bits."""
    return int.from_bytes(node[:8], "big") >> (64 - bits)


class Assertion(NamedTuple):
    """The assertion of one row about an attribute. `value` is None when the row clears it or the reader may not see it.
    `root_row` is the line of the root's file that the row corrects."""

    value: Value | None
    row: int
    policy: WritePolicy = WritePolicy.OVERWRITE
    personal: bool = False
    cleared: bool = False
    root_row: int | None = None


class Fragment(NamedTuple):
    """An opened fragment."""

    key: FragmentKey
    namespace: str
    assertions: dict[str, Assertion]
    links: tuple[Node, ...]


class _General(msgspec.Struct, array_like=True, frozen=True):
    namespace: str
    row: int
    names: list[str]
    values: list[Value]
    personal: list[str]
    links: bytes
    rows: dict[str, int]
    policies: dict[str, WritePolicy]
    cleared: list[str]
    root_rows: dict[int, int] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode_general = msgspec.msgpack.Decoder(_General).decode
_decode_personal = msgspec.msgpack.Decoder(list[Value]).decode


class PartEncoder:
    """Encodes the two plain parts of fragments that have the same attributes; encodes the attribute names only once."""

    def __init__(self, ordinary: Sequence[str], personal: Sequence[str], policies: Mapping[str, WritePolicy]) -> None:
        self._ordinary, self._personal = _Names(ordinary), _Names(personal)
        self._policies = _raw({name: str(policy) for name, policy in policies.items()})
        self._clearing = tuple(name for name, policy in policies.items() if policy is WritePolicy.CLEAR_ON_BLANK)
        self._empty_map, self._empty_list = _raw({}), _raw([])

    def encode(
        self,
        namespace: str,
        row: int,
        ordinary: tuple[Value | None, ...],
        personal: tuple[Value | None, ...],
        links: bytes = b"",
        rows: Mapping[str, int] | None = None,
        cleared: Sequence[str] = (),
    ) -> tuple[bytes, bytes]:
        """The general and the personal part; None means that the row makes no assertion about the attribute."""
        names, personal_names = self._ordinary.all, self._personal.all
        if None in ordinary:
            names, ordinary = self._ordinary.without_blanks(ordinary)
        if None in personal:
            personal_names, personal = self._personal.without_blanks(personal)
        general = _encode(
            (
                namespace,
                row,
                names,
                ordinary,
                personal_names,
                links,
                rows or self._empty_map,
                self._policies,
                cleared or self._empty_list,
            )
        )
        return general, _encode(personal) if personal else b""


class _Names:
    """Encoded attribute names: all of them, or, cached, a selection of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.all = _raw(names)
        self._selected = lru_cache(CACHED_SELECTIONS)(lambda present: _raw(list(compress(names, present))))

    def without_blanks(self, values: tuple[Value | None, ...]) -> tuple[msgspec.Raw, tuple[Value | None, ...]]:
        present = tuple([value is not None for value in values])
        return self._selected(present), tuple(compress(values, present))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def with_root_rows(general: bytes, root_rows: Mapping[int, int]) -> bytes:
    """The general part of a child's fragment, with the line of the root that each of its rows corrects."""
    part = _decode_general(general)
    rows = {part.row, *part.rows.values()} & root_rows.keys()
    return _encode(msgspec.structs.replace(part, root_rows={row: root_rows[row] for row in sorted(rows)}))


def decode(key: bytes, general: bytes, personal: bytes | None) -> Fragment:
    """The fragment with these two plain parts; without the personal part, its values are None.

    Raises msgspec.ValidationError for bytes that `PartEncoder` did not write; authentication rules these out.
    """
    part = _decode_general(general)
    values = _decode_personal(personal) if personal else [None] * len(part.personal)

    def assertion(name: str, value: Value | None, *, personal: bool = False, cleared: bool = False) -> Assertion:
        policy = part.policies.get(name, WritePolicy.OVERWRITE)
        row = part.rows.get(name, part.row)
        return Assertion(value, row, policy, personal, cleared, part.root_rows.get(row))

    assertions = {name: assertion(name, value) for name, value in zip(part.names, part.values, strict=True)}
    assertions |= {
        name: assertion(name, value, personal=True) for name, value in zip(part.personal, values, strict=True)
    }
    assertions |= {name: assertion(name, None, cleared=True) for name in part.cleared}
    links = tuple(part.links[at : at + NODE_BYTES] for at in range(0, len(part.links), NODE_BYTES))
    return Fragment(split_key(key), part.namespace, assertions, links)
