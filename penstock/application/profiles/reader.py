"""Reads a profile: follows links from any identifier to all visible fragments of a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.application.catalog.catalog import Catalog
from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.profiles.epochs import Epochs
from penstock.application.requests.requests import Requests
from penstock.domain.errors import NotFound
from penstock.domain.mapping.coercion import coercer
from penstock.domain.profiles.epochs import Epoch
from penstock.domain.profiles.fold import Profile, fold, masked, with_history
from penstock.domain.profiles.fragments import (
    KEY_BYTES,
    MAX_LINKS,
    ORIGIN_BYTES,
    Fragment,
    StoredFragment,
    decode,
    split_key,
)
from penstock.domain.profiles.identity import NODE_BYTES, Node, NodeHasher, letters_count
from penstock.domain.profiles.sealing import Part, chunk_key, open_part, split_cell
from penstock.ports.profile_store import ProfileStore

MAX_NODES = 64
MAX_NEIGHBOURS = (
    MAX_LINKS - 1
)  # a node with more is a shared value, such as a household's phone; its links are not followed


class NoProfile(NotFound):
    """Nobody has this identifier. `exact`: upper and lower case count in it, and so do spaces within."""

    def __init__(self, namespace: str, *, exact: bool) -> None:
        counts = f"; upper and lower case count in a {namespace}, and so do spaces within" if exact else ""
        super().__init__(f"no profile has this {namespace}{counts}")
        self.exact = exact


class ProfileReader:
    """Reads one tenant's profiles at a time."""

    def __init__(
        self, *, profiles: ProfileStore, requests: Requests, catalog: Catalog, keys: KeyRing, epochs: Epochs
    ) -> None:
        self._profiles, self._requests, self._catalog = profiles, requests, catalog
        self._keys, self._epochs = keys, epochs

    def lookup(self, tenant_id: str, namespace: str, value: str, *, reveal: bool, history: bool = False) -> Profile:
        """The profile of the person with this identifier, with its `history` if requested; personal values are not
        opened unless `reveal`.

        Raises `NoProfile` when it has no visible fragment, `Refused` for an unknown attribute, `CoercionError` for an
        invalid value.
        """
        node = self.node(tenant_id, namespace, value)
        reachable, roots = self._reachable(tenant_id, node)
        if not reachable:
            raise NoProfile(namespace, exact=letters_count(self._catalog.attribute(tenant_id, namespace).format))
        fragments = [self._opened(tenant_id, stored, reveal=reveal) for stored in reachable]
        profile = fold(fragments, roots)
        if history:
            profile = with_history(profile, fragments, roots)
        return profile if reveal else masked(profile, self._personal(tenant_id, profile))

    def node(self, tenant_id: str, namespace: str, value: str) -> Node:
        """The keyed hash of `value`, used wherever the value itself must not appear. Raises as `lookup` does."""
        attribute = self._catalog.attribute(tenant_id, namespace)
        coerced = coercer(attribute.format).coerce_cell(value)
        hasher = NodeHasher(attribute.namespace, self._keys.current(tenant_id, Purpose.HASH).secret)
        return hasher.node("" if coerced is None else coerced, attribute.format)

    def _personal(self, tenant_id: str, profile: Profile) -> set[str]:
        """The attributes of the profile that are personal by now."""
        names = {*profile.attributes, *profile.history, *(each.namespace for each in profile.identifiers)}
        return {name for name, attribute in self._catalog.attributes_named(tenant_id, names).items() if attribute.pii}

    def _reachable(self, tenant_id: str, start: Node) -> tuple[list[StoredFragment], dict[str, str]]:
        """The visible fragments at `start` and at every node reachable by links, nearest first; and the root of each
        child among their requests."""
        found: list[StoredFragment] = []
        roots: dict[str, str] = {}
        epochs = self._epochs.all(tenant_id)
        known, frontier = {start}, [start]
        while frontier:
            stored = [fragment for node in frontier for fragment in self._at(tenant_id, node, epochs)]
            requests = self._requests.visible(tenant_id, {split_key(each.key).request_id for each in stored})
            visible = [each for each in stored if split_key(each.key).request_id in requests]
            found += visible
            roots |= {each.request_id: each.root_id for each in requests.values() if each.parent_id}
            room = MAX_NODES - len(known)
            frontier = [node for node in self._neighbours(tenant_id, visible) if node not in known][:room]
            known.update(frontier)
        return found, roots

    def _at(self, tenant_id: str, node: Node, epochs: Sequence[Epoch]) -> list[StoredFragment]:
        partitions = [epoch.partition(node) for epoch in epochs]
        return self._profiles.read(tenant_id, partitions, node, _after(node))

    def _neighbours(self, tenant_id: str, stored: Iterable[StoredFragment]) -> list[Node]:
        links: dict[Node, dict[Node, None]] = {}
        for fragment in stored:
            opened = self._opened(tenant_id, fragment, reveal=False)
            links.setdefault(opened.key.node, {}).update(dict.fromkeys(opened.links))
        followed = (nodes for nodes in links.values() if len(nodes) <= MAX_NEIGHBOURS)
        return list(dict.fromkeys(node for nodes in followed for node in nodes))

    def _opened(self, tenant_id: str, stored: StoredFragment, *, reveal: bool) -> Fragment:
        parts = split_cell(stored.cell)
        general = self._open_part(tenant_id, Part.GENERAL, parts.general_version, stored.key, parts.general)
        personal = None
        if reveal:
            personal = self._open_part(tenant_id, Part.PERSONAL, parts.personal_version, stored.key, parts.personal)
        return decode(stored.key, general, personal)

    def _open_part(self, tenant_id: str, part: Part, version: int, key: bytes, sealed: bytes) -> bytes:
        data_key = self._keys.get(tenant_id, Purpose(part), version)
        return open_part(chunk_key(data_key, part, key[-ORIGIN_BYTES:]), tenant_id, part, version, key, sealed)


def _after(node: Node) -> bytes:
    """The smallest byte string greater than every key of `node`."""
    return node + b"\xff" * (KEY_BYTES - NODE_BYTES + 1)
