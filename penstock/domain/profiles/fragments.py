"""Fragments: the assertions of one upload request about one identifier, and their stored format.

The key sorts: node (16) ‖ data source (8) ‖ request id (16) ‖ chunk (4, big-endian). The last 20 bytes are the
fragment's origin.

The plain parts are MessagePack arrays:

    general   [namespace, row, names, values, links, details, root rows, times]
    details   [personal names, present, personal cleared, personal rows, cleared, rows, policies, as of, linking]
    personal  [value of each present personal name, in their order]

`row` is the line of the file that every value came from unless `rows` says otherwise by attribute; `cleared` names the
attributes that a blank cell removed; `policies` hold the attributes whose write policy is not `overwrite`. Only a
child's fragments have `root rows`: by row, the line of the root's file that it corrects.

`as of` is when the facts of all rows were true, in microseconds since 1970; nil: when the request, or that of its root,
was accepted. `times` has it by row, where a column of the file says so. `linking`: the fragment's own identifier is
that of rows whose facts are at another node.

No length tells which personal values a row has: `personal names` are all those of the mapping, `present` and `personal
cleared` are bitmaps of them, `personal rows` (8 bytes each, big-endian, 0 for `row`; only in fragments of several rows)
are as many. `links` are the joined nodes of the row's other identifiers; that of a blank one is `NO_NODE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress
from typing import NamedTuple
from uuid import UUID

import msgspec

from penstock.domain.errors import Corrupt
from penstock.domain.mapping.mapping import WritePolicy
from penstock.domain.profiles.identity import NODE_BYTES, Node

Value = str | int | bool

SOURCE_BYTES = 8
REQUEST_BYTES = 16
CHUNK_BYTES = 4
KEY_BYTES = NODE_BYTES + SOURCE_BYTES + REQUEST_BYTES + CHUNK_BYTES
ORIGIN_BYTES = REQUEST_BYTES + CHUNK_BYTES
ROW_BYTES = 8
NO_NODE = bytes(NODE_BYTES)
MAX_LINKS = 33  # of a fragment; more than a reader follows, so that further ones would say nothing new
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
    `root_row` is the line of the root's file that the row corrects; `as_of` when it was true, None if only the time of
    acceptance is known. `linking`: it is an identifier that leads to the row's other facts at another node."""

    value: Value | None
    row: int
    policy: WritePolicy = WritePolicy.OVERWRITE
    personal: bool = False
    cleared: bool = False
    root_row: int | None = None
    as_of: int | None = None
    linking: bool = False


class Fragment(NamedTuple):
    """An opened fragment."""

    key: FragmentKey
    namespace: str
    assertions: dict[str, Assertion]
    links: tuple[Node, ...]


class _Details(msgspec.Struct, array_like=True, frozen=True):
    personal: list[str]
    present: bytes
    personal_cleared: bytes
    personal_rows: bytes
    cleared: list[str]
    rows: dict[str, int]
    policies: dict[str, WritePolicy]
    as_of: int | None
    linking: bool


class _General(msgspec.Struct, array_like=True, frozen=True):
    namespace: str
    row: int
    names: list[str]
    values: list[Value]
    links: bytes
    details: _Details
    root_rows: dict[int, int] = {}
    times: dict[int, int] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode_general = msgspec.msgpack.Decoder(_General).decode
_decode_personal = msgspec.msgpack.Decoder(list[Value]).decode


class PartEncoder:
    """Encodes the two plain parts of fragments that have the same attributes; encodes what is the same only once."""

    def __init__(
        self,
        ordinary: Sequence[str],
        personal: Sequence[str],
        policies: Mapping[str, WritePolicy],
        as_of: int | None = None,
        *,
        linking: bool = False,
    ) -> None:
        self._personal, self._policies = tuple(personal), dict(policies)
        self._as_of, self._linking = as_of, linking
        self._names = _raw(ordinary)
        self._selected = lru_cache(CACHED_SELECTIONS)(lambda present: _raw(list(compress(ordinary, present))))
        self._usual = lru_cache(CACHED_SELECTIONS)(lambda present: _raw(self._details(present, None, ())))
        self._all_present = self._usual((True,) * len(personal))

    def encode(
        self,
        namespace: str,
        row: int,
        ordinary: tuple[Value | None, ...],
        personal: tuple[Value | None, ...],
        links: bytes = b"",
        rows: Mapping[str, int] | None = None,
        cleared: Sequence[str] = (),
        times: Mapping[int, int] | None = None,
        linking: bool = False,
    ) -> tuple[bytes, bytes]:
        """The general and the personal part; None means that the row makes no assertion about the attribute.

        For a fragment of several rows, `rows` has the line of each value that another row than `row` says, and its own
        identifier may be `linking` as that of a linking encoder is. `times` has when the facts of a row were true."""
        names, details = self._names, self._all_present
        if None in ordinary:
            present = tuple([value is not None for value in ordinary])
            names, ordinary = self._selected(present), tuple(compress(ordinary, present))
        if rows is not None or cleared or None in personal:
            present = tuple([value is not None for value in personal])
            personal = tuple(compress(personal, present))
            usual = rows is None and not cleared
            details = self._usual(present) if usual else _raw(self._details(present, rows, cleared, linking=linking))
        general = (namespace, row, names, ordinary, links, details)
        return _encode((*general, {}, times) if times else general), _encode(personal)

    def _details(
        self, present: Sequence[bool], rows: Mapping[str, int] | None, cleared: Sequence[str], *, linking: bool = False
    ) -> _Details:
        personal = self._personal
        by_place = [0 if rows is None else rows.get(name, 0) for name in personal]
        return _Details(
            list(personal),
            _bitmap(present),
            _bitmap([name in cleared for name in personal]),
            b"" if rows is None else b"".join(row.to_bytes(ROW_BYTES, "big") for row in by_place),
            [name for name in cleared if name not in personal],
            {name: row for name, row in (rows or {}).items() if name not in personal},
            self._policies,
            self._as_of,
            linking or self._linking,
        )


def _bitmap(bits: Sequence[bool]) -> bytes:
    """A bit for each place, the first one in the highest bit of the first byte."""
    number = sum(bit << (len(bits) - at) for at, bit in enumerate(bits, 1))
    size = (len(bits) + 7) // 8
    return (number << (8 * size - len(bits))).to_bytes(size, "big")


def _bits(bitmap: bytes) -> Iterator[bool]:
    """The bits of a bitmap; up to seven more than it has places, which are not set."""
    return (bool(byte >> at & 1) for byte in bitmap for at in range(7, -1, -1))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def with_root_rows(general: bytes, root_rows: Mapping[int, int]) -> bytes:
    """The general part of a child's fragment, with the line of the root that each of its rows corrects."""
    part = _decode_general(general)
    rows = {part.row, *_rows(part.details).values()} & root_rows.keys()
    return _encode(msgspec.structs.replace(part, root_rows={row: root_rows[row] for row in sorted(rows)}))


def decode(key: FragmentKey, general: bytes, personal: bytes | None) -> Fragment:
    """The fragment with these two plain parts; without the personal part, its values are None.

    Raises `Corrupt` when the personal part has other values than the general part names, and msgspec.ValidationError
    for bytes that `PartEncoder` did not write; authentication rules these out.
    """
    part = _decode_general(general)
    details, rows = part.details, _rows(part.details)
    present = list(compress(details.personal, _bits(details.present)))
    values = [None] * len(present) if personal is None else _decode_personal(personal)
    if len(values) != len(present):
        raise Corrupt("a fragment has other personal values than it names: its personal part is that of another write")

    policies, own_row, root_rows = details.policies, part.row, part.root_rows
    times, as_of = part.times, details.as_of

    def assertion(name: str, value: Value | None, *, personal: bool = False, cleared: bool = False) -> Assertion:
        row = rows.get(name, own_row) if rows else own_row
        policy = policies.get(name, WritePolicy.OVERWRITE) if policies else WritePolicy.OVERWRITE
        root_row = root_rows.get(row) if root_rows else None
        row_as_of = times.get(row, as_of) if times else as_of
        linking = details.linking and name == part.namespace
        return Assertion(value, row, policy, personal, cleared, root_row, row_as_of, linking)

    assertions = {name: assertion(name, value) for name, value in zip(part.names, part.values, strict=True)}
    for name, value in zip(present, values, strict=True):
        assertions[name] = assertion(name, value, personal=True)
    for name in (*details.cleared, *compress(details.personal, _bits(details.personal_cleared))):
        assertions[name] = assertion(name, None, cleared=True)
    links = (part.links[at : at + NODE_BYTES] for at in range(0, len(part.links), NODE_BYTES))
    return Fragment(key, part.namespace, assertions, tuple([link for link in links if link != NO_NODE]))


def _rows(details: _Details) -> dict[str, int]:
    """The line of each value that is not of the fragment's `row`."""
    encoded = details.personal_rows
    lines = [int.from_bytes(encoded[at : at + ROW_BYTES], "big") for at in range(0, len(encoded), ROW_BYTES)]
    personal = zip(details.personal, lines, strict=True) if lines else ()
    return details.rows | {name: row for name, row in personal if row}
