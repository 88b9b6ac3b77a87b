"""Reads a profile: follows links from any identifier to all visible fragments of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.application.catalog.catalog import Catalog
from penstock.application.catalog.used_identifiers import is_used, used_identifiers
from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.application.encryption.key_ring import LIFETIME_SECONDS, KeyRing, Purpose
from penstock.application.profiles.epochs import Epochs
from penstock.application.requests.requests import Requests
from penstock.domain.errors import NotFound
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.joining import how_to_write
from penstock.domain.profiles.epochs import Epoch
from penstock.domain.profiles.fold import Profile, Ranking, fold, masked, with_history
from penstock.domain.profiles.fragments import (
    KEY_BYTES,
    MAX_LINKS,
    ORIGIN_BYTES,
    Fragment,
    FragmentKey,
    StoredFragment,
    decode,
    source_key,
    split_key,
)
from penstock.domain.profiles.identity import NODE_BYTES, Node, NodeHasher, letters_count
from penstock.domain.profiles.sealing import Part, chunk_key, open_part, split_cell
from penstock.domain.requests.request import Request
from penstock.ports.clock import Clock
from penstock.ports.profile_store import ProfileStore

MAX_NODES = 64
MAX_READINGS = 5
RECENT_US = 3_600_000_000  # an hour: no reading takes as long, and no clocks of two machines differ as much
CACHED_DERIVED_KEYS = 10_000
MAX_NEIGHBOURS = MAX_LINKS - 1  # a node with more is a shared value, such as a household's phone, and not followed


class NoProfile(NotFound):
    """Nobody has this identifier. `exact`: upper and lower case count in it, and so do spaces within. `written` says
    how to write one that is joined from several columns. `instead`: what people are found by if no current mapping
    identifies them by this one, so that its spelling is not the reason; None if one does."""

    def __init__(
        self, namespace: str, *, exact: bool = False, written: str = "", instead: Sequence[str] | None = None
    ) -> None:
        reasons = _spelling(namespace, exact, written) if instead is None else [_unused(namespace, instead)]
        super().__init__("; ".join([f"no profile has this {namespace}", *reasons]))
        self.exact, self.instead = exact, instead


def _spelling(namespace: str, exact: bool, written: str) -> list[str]:
    counts = f": upper and lower case count in a {namespace}, and so do spaces within" if exact else ""
    row = "the row may have been rejected or its request undone"
    return list(filter(None, [row, f"also check the spelling{counts}", written]))


def _unused(namespace: str, instead: Sequence[str]) -> str:
    if not instead:
        return "no import that counts has identified anybody"
    return f"no current mapping identifies people by {namespace}, they are found by {', '.join(instead)}"


class _Reached(NamedTuple):
    """The fragments of one reading, the root of each child among their requests, and the requests that were seen and
    have completed of late."""

    fragments: list[Fragment]
    roots: dict[str, str]
    recent: frozenset[str]


class ProfileReader:
    """Reads one tenant's profiles at a time."""

    def __init__(
        self,
        *,
        profiles: ProfileStore,
        requests: Requests,
        catalog: Catalog,
        keys: KeyRing,
        epochs: Epochs,
        clock: Clock,
    ) -> None:
        self._profiles, self._requests, self._catalog = profiles, requests, catalog
        self._keys, self._epochs, self._clock = keys, epochs, clock
        self._derived = ExpiringCache[tuple[str, Part, int, bytes], AESGCM](
            clock, seconds=LIFETIME_SECONDS, max_entries=CACHED_DERIVED_KEYS
        )

    def lookup(self, tenant_id: str, namespace: str, value: str, *, reveal: bool, history: bool = False) -> Profile:
        """The profile of the person with this identifier, with its `history` if requested; personal values are not
        opened unless `reveal`.

        Raises `NoProfile` when it has no visible fragment, `Refused` for an unknown attribute, `CoercionError` for an
        invalid value.
        """
        node = self.node(tenant_id, namespace, value)
        fragments, roots, _ = self._reachable(tenant_id, node, reveal=reveal)
        if not fragments:
            raise self._nobody(tenant_id, namespace)
        names = {name for each in fragments for name in each.assertions}
        attributes = self._catalog.attributes_named(tenant_id, names)
        profile = fold(fragments, roots, _ranking(attributes))
        if history:
            profile = with_history(profile, fragments, roots)
        return profile if reveal else masked(profile, {name for name, each in attributes.items() if each.pii})

    def _nobody(self, tenant_id: str, namespace: str) -> NoProfile:
        attribute = self._catalog.attribute(tenant_id, namespace)
        exact = letters_count(attribute.format)
        # The mappings of all sources are read only where one may join columns, or none uses the identifier.
        if not attribute.custom and is_used(self._catalog, tenant_id, namespace):
            return NoProfile(namespace, exact=exact)
        used = used_identifiers(self._catalog, tenant_id)
        if namespace not in used:
            return NoProfile(namespace, instead=list(used))
        return NoProfile(namespace, exact=exact, written=how_to_write(used[namespace]))

    def node(self, tenant_id: str, namespace: str, value: str) -> Node:
        """The keyed hash of `value`, used wherever the value itself must not appear. Raises as `lookup` does."""
        attribute = self._catalog.attribute(tenant_id, namespace)
        coerced = coercer(attribute.format).coerce_cell(value)
        hasher = NodeHasher(attribute.namespace, self._keys.current(tenant_id, Purpose.HASH).secret)
        return hasher.node("" if coerced is None else coerced, attribute.format)

    def _reachable(self, tenant_id: str, start: Node, *, reveal: bool) -> _Reached:
        """The visible fragments at `start` and at every node reachable by links, nearest first, opened.

        A request may complete while they are read, and only some of its fragments may have been there in time. So if
        one that is seen has completed of late, they are read again, until two readings have seen the same."""
        before: frozenset[str] = frozenset()
        for _ in range(MAX_READINGS):
            reached = self._walk(tenant_id, start, reveal=reveal)
            if reached.recent == before:
                break
            before = reached.recent
        return reached

    def _walk(self, tenant_id: str, start: Node, *, reveal: bool) -> _Reached:
        """One reading. What is decided about a request on the way holds for all of it."""
        found: list[Fragment] = []
        asked: set[str] = set()
        seen: dict[str, Request] = {}
        floors: dict[str, Request] = {}
        epochs = self._epochs.all(tenant_id)
        known, frontier = {start}, [start]
        while frontier:
            stored = [(split_key(each.key), each) for node in frontier for each in self._at(tenant_id, node, epochs)]
            new = {key.request_id for key, _ in stored} - asked
            visible = self._requests.visible(tenant_id, new)
            asked |= new
            seen |= visible.by_id
            floors |= {each.request_id: each for each in visible.floors}
            there = [pair for pair in stored if pair[0].request_id in seen]
            opened = [self._opened(tenant_id, key, each, reveal=reveal) for key, each in there]
            found += opened
            room = MAX_NODES - len(known)
            frontier = [node for node in _neighbours(opened) if node not in known][:room]
            known.update(frontier)
        roots = {each.request_id: each.root_id for each in seen.values() if each.parent_id}
        since = self._clock.now_us() - RECENT_US
        recent = frozenset(name for name, each in (seen | floors).items() if (each.finished_at or 0) > since)
        return _Reached(found, roots, recent)

    def _at(self, tenant_id: str, node: Node, epochs: Sequence[Epoch]) -> list[StoredFragment]:
        partitions = [epoch.partition(node) for epoch in epochs]
        return self._profiles.read(tenant_id, partitions, node, _after(node))

    def _opened(self, tenant_id: str, key: FragmentKey, stored: StoredFragment, *, reveal: bool) -> Fragment:
        parts = split_cell(stored.cell)
        general = self._open_part(tenant_id, Part.GENERAL, parts.general_version, stored.key, parts.general)
        personal = None
        if reveal:
            personal = self._open_part(tenant_id, Part.PERSONAL, parts.personal_version, stored.key, parts.personal)
        return decode(key, general, personal)

    def _open_part(self, tenant_id: str, part: Part, version: int, key: bytes, sealed: bytes) -> bytes:
        opener = self._chunk_key(tenant_id, part, version, key[-ORIGIN_BYTES:])
        return open_part(opener, tenant_id, part, version, key, sealed)

    def _chunk_key(self, tenant_id: str, part: Part, version: int, origin: bytes) -> AESGCM:
        """The key of one part of a chunk's fragments; deriving it takes ten times as long as opening one."""
        known_as = (tenant_id, part, version, origin)
        derived = self._derived.get(known_as)
        if derived is None:
            derived = chunk_key(self._keys.get(tenant_id, Purpose(part), version), part, origin)
            self._derived.put(known_as, derived)
        return derived


def _ranking(attributes: Mapping[str, Attribute]) -> Ranking:
    preferred = {name: each.preferred_sources for name, each in attributes.items() if each.preferred_sources}
    return {name: list(map(source_key, sources)) for name, sources in preferred.items()}


def _neighbours(opened: Iterable[Fragment]) -> list[Node]:
    links: dict[Node, dict[Node, None]] = {}
    for fragment in opened:
        links.setdefault(fragment.key.node, {}).update(dict.fromkeys(fragment.links))
    followed = (nodes for nodes in links.values() if len(nodes) <= MAX_NEIGHBOURS)
    return list(dict.fromkeys(node for nodes in followed for node in nodes))


def _after(node: Node) -> bytes:
    """The smallest byte string greater than every key of `node`."""
    return node + b"\xff" * (KEY_BYTES - NODE_BYTES + 1)
