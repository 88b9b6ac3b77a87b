"""Publishers: the services that may offer a tenant's files, the objects that each may name, and its keys.

A publisher's key is derived (HKDF-SHA-256, RFC 5869) from one of the tenant's data keys and its own salt. So it is
never stored, and it ends with the tenant's keys. It is shown only once, when it is created.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec.structs import replace

from penstock.application.encryption.key_ring import KEY_BYTES, KeyRing, Purpose
from penstock.application.scanning import scan_all
from penstock.domain.access.publishing import (
    ObjectPrefix,
    ObjectUri,
    check_issued,
    is_registered,
    is_signed,
    parse_object_uri,
    parse_prefix,
)
from penstock.domain.days import DAY_SECONDS
from penstock.domain.errors import Conflict, Fault, NotFound, Refused, refusal
from penstock.domain.events import UploadOffered
from penstock.domain.framing import framed
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PREFIXES, MAX_PUBLISHERS, check_length, check_number
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

ID_BYTES = 8
SALT_BYTES = 32
OVERLAP_SECONDS = 7 * DAY_SECONDS  # for which a replaced key stays valid


class PublisherKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored. Times are microseconds since the epoch; `ends_at` is set when it is replaced."""

    data_key: int  # version
    salt: bytes
    created_at: int
    ends_at: int | None = None


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """A service that offers files. `keys`: at most two, newest first."""

    publisher_id: str
    name: str
    prefixes: tuple[str, ...]
    created_at: int
    keys: tuple[PublisherKey, ...]

    @property
    def registered(self) -> list[ObjectPrefix]:
        return [parse_prefix(prefix) for prefix in self.prefixes]


class Publishers:
    """Raises `Unavailable`, and `KeyRevoked` when a tenant's keys were destroyed."""

    def __init__(self, store: ControlStore, keys: KeyRing, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store, self._keys, self._clock, self._random = store, keys, clock, random

    def new(self, tenant_id: str, name: str, prefixes: Sequence[str]) -> Publisher:
        """A publisher that is not stored yet. Raises `Refused` with every fault of `prefixes`."""
        check_length(name, MAX_DISPLAY_NAME, what="the publisher's name")
        check_number(
            len(prefixes),
            MAX_PREFIXES,
            code="too_many_prefixes",
            what="prefixes",
            hint="Use a parent folder.",
        )
        check_number(
            1 + sum(1 for _ in scan_all(self._store, Table.PUBLISHERS, tenant_id)),
            MAX_PUBLISHERS,
            code="too_many_publishers",
            what="publishers",
            hint="Revoke those that are no longer used.",
        )
        registered = self._validate_prefixes(tenant_id, prefixes)
        return Publisher(
            publisher_id=secrets.token_hex(ID_BYTES),
            name=name,
            prefixes=tuple(map(str, registered)),
            created_at=self._clock.now_us(),
            keys=(self._new_key(tenant_id),),
        )

    def add(self, tenant_id: str, publisher: Publisher) -> bytes:
        """Store a new publisher and return its key, which is never shown again."""
        body = msgspec.json.encode(publisher)
        self._store.create(Table.PUBLISHERS, tenant_id, "", publisher.publisher_id, body)
        return self._secret(tenant_id, publisher, publisher.keys[0])

    def all(self, tenant_id: str) -> list[Publisher]:
        """All publishers that were not revoked, oldest first."""
        publishers = map(_publisher, scan_all(self._store, Table.PUBLISHERS, tenant_id))
        return sorted(publishers, key=lambda publisher: (publisher.created_at, publisher.publisher_id))

    def get(self, tenant_id: str, publisher_id: str) -> Publisher:
        """A publisher that was not revoked. Raises `NotFound`."""
        return _publisher(self._record(tenant_id, publisher_id))

    def rotate(self, tenant_id: str, publisher_id: str) -> tuple[bytes, Publisher]:
        """Add a new key. The previous one stays valid for `OVERLAP_SECONDS`; an older one ends immediately.

        Raises `NotFound`.
        """
        new = self._new_key(tenant_id)
        while True:
            record = self._record(tenant_id, publisher_id)
            publisher = _publisher(record)
            ending = replace(publisher.keys[0], ends_at=new.created_at + OVERLAP_SECONDS * 1_000_000)
            rotated = replace(publisher, keys=(new, ending))
            try:
                self._store.replace(record, msgspec.json.encode(rotated))
            except Conflict:
                continue
            return self._secret(tenant_id, rotated, new), rotated

    def revoke(self, tenant_id: str, publisher_id: str) -> None:
        """Revoke a publisher and its keys immediately. Raises `NotFound`."""
        self._record(tenant_id, publisher_id)
        self._store.delete(Table.PUBLISHERS, tenant_id, "", publisher_id)

    def admit(self, offer: UploadOffered) -> tuple[Publisher, ObjectUri]:
        """The publisher that signed `offer`, and the object, which this publisher may name.

        Raises `Refused`: `unknown_publisher`, `wrong_signature`, `offer_out_of_time`, `invalid_object_uri`,
        `object_not_registered`.
        """
        publisher = self._signer(offer)
        check_issued(offer, self._clock.now_us())
        uri = parse_object_uri(offer.object_uri)
        if not is_registered(uri, publisher.registered):
            raise refusal(
                "object_not_registered",
                "the object is outside the prefixes registered for this publisher",
                "Store the file below one of the publisher's prefixes, or ask an operator to register its prefix.",
            )
        return publisher, uri

    def _signer(self, offer: UploadOffered) -> Publisher:
        record = self._store.get(Table.PUBLISHERS, offer.tenant_id, "", offer.publisher_id)
        if record is None:
            hint = "Use the publisher_id that `penstock publisher create` printed for this tenant."
            raise refusal("unknown_publisher", "this tenant has no such publisher", hint)
        publisher, now_us = _publisher(record), self._clock.now_us()
        valid = [key for key in publisher.keys if key.ends_at is None or now_us < key.ends_at]
        if not is_signed(offer, [self._secret(offer.tenant_id, publisher, key) for key in valid]):
            hint = "Sign with the publisher's current key, over exactly the bytes that schemas/README.md describes."
            raise refusal("wrong_signature", "this offer is not signed with any of the publisher's keys", hint)
        return publisher

    def _validate_prefixes(self, tenant_id: str, texts: Sequence[str]) -> list[ObjectPrefix]:
        faults: list[Fault] = []
        parsed: list[ObjectPrefix] = []
        for text in texts:
            try:
                parsed.append(parse_prefix(text))
            except Refused as refused:
                faults += refused.faults
        if not texts:
            hint = "Name a prefix that the publisher may use, such as s3://bucket/folder/."
            faults.append(Fault(code="no_prefix", message="a publisher needs a prefix", hint=hint))
        if any(prefix.overlaps(taken) for taken in self._of_others(tenant_id) for prefix in parsed):
            hint = "Give each tenant a folder of its own."
            message = "the prefix overlaps with one of another tenant's publisher"
            faults.append(Fault(code="prefix_taken", message=message, hint=hint))
        if faults:
            raise Refused(faults)
        return parsed

    def _of_others(self, tenant_id: str) -> list[ObjectPrefix]:
        others = [other for other in self._store.tenants() if other != tenant_id]
        return [prefix for other in others for publisher in self.all(other) for prefix in publisher.registered]

    def _new_key(self, tenant_id: str) -> PublisherKey:
        version = self._keys.current(tenant_id, Purpose.PUBLISHER).version
        return PublisherKey(data_key=version, salt=self._random(SALT_BYTES), created_at=self._clock.now_us())

    def _secret(self, tenant_id: str, publisher: Publisher, key: PublisherKey) -> bytes:
        data_key = self._keys.get(tenant_id, Purpose.PUBLISHER, key.data_key)
        info = framed(b"penstock publisher key", tenant_id.encode(), publisher.publisher_id.encode())
        return HKDF(SHA256(), KEY_BYTES, key.salt, info).derive(data_key.secret)

    def _record(self, tenant_id: str, publisher_id: str) -> Record:
        record = self._store.get(Table.PUBLISHERS, tenant_id, "", publisher_id)
        if record is None:
            raise NotFound("there is no such publisher")
        return record


def _publisher(record: Record) -> Publisher:
    return msgspec.json.decode(record.body, type=Publisher)
