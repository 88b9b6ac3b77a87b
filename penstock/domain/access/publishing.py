"""Files that other services publish: how an offer is signed, and which objects it may name.

Penstock reads an offered object with its own rights, so an offer has to prove whose it is (HMAC-SHA-256 with a key of
its tenant's publisher) and may only name what is registered for that publisher (the confused deputy). Everything here
is decided from the event alone, before any request goes to a store. The contract for publishers: schemas/README.md.

An object has one spelling only. Whatever could mean the same object in another spelling (percent signs, dots, doubled
slashes, backslashes) or lead elsewhere (another scheme, user, port, query) is refused, not fixed: two programs that
fix differently are how such checks are passed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from penstock.domain.errors import Refused, refusal
from penstock.domain.events import UploadOffered
from penstock.domain.framing import framed

SIGNED_AS = b"penstock upload-offered 1"
MAX_KEY_BYTES = 1024  # of S3
OLDEST_SECONDS = 7 * 86_400  # as long as a log keeps events: an outage over a weekend makes no offer too old
EARLIEST_SECONDS = 86_400  # a clock may be fast, a time zone may have been added

_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_SEGMENT = re.compile(r"[A-Za-z0-9!_.*'()=+,:@~-]+")
_REPLACEABLE = "version-id:null"  # what was written before a bucket kept versions, and can be written over
_VERSION = re.compile(r"(?P<kind>version-id|etag):(?P<value>[A-Za-z0-9._~+/=-]{1,1024})")


class ObjectUri(NamedTuple):
    """One object of an S3 service."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


class ObjectPrefix(NamedTuple):
    """All objects of a bucket whose keys begin with `key`, which is empty or ends in a slash."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"

    def overlaps(self, other: ObjectPrefix) -> bool:
        """Whether some object lies under both."""
        nested = self.key.startswith(other.key) or other.key.startswith(self.key)
        return self.bucket == other.bucket and nested


class VersionKind(StrEnum):
    VERSION_ID = "version-id"  # of a bucket that keeps versions
    ETAG = "etag"  # of one that does not


class ObjectVersion(NamedTuple):
    """Names an object's exact bytes."""

    kind: VersionKind
    value: str


def signed_bytes(offer: UploadOffered) -> bytes:
    """What a publisher signs: every field but the signature, each behind its length."""
    return framed(SIGNED_AS, *_content(offer), b"%d" % offer.issued_at_us)


def fingerprint(offer: UploadOffered) -> str:
    """Equal for offers that ask for the same; when they were issued does not matter."""
    return hashlib.sha256(framed(b"penstock offer", *_content(offer))).hexdigest()


def sign(key: bytes, offer: UploadOffered) -> bytes:
    """The signature of `offer`; the one that it has does not matter."""
    return hmac.digest(key, signed_bytes(offer), "sha256")


def is_signed(offer: UploadOffered, keys: Iterable[bytes]) -> bool:
    """Whether one of `keys` has signed `offer`; how long it takes tells nothing of what would be right."""
    return any(hmac.compare_digest(sign(key, offer), offer.signature) for key in keys)


def check_issued(offer: UploadOffered, now_us: int) -> None:
    """Raise `Refused` when `offer` is too old, or from too far in the future."""
    age_seconds = (now_us - offer.issued_at_us) / 1_000_000
    if not -EARLIEST_SECONDS <= age_seconds <= OLDEST_SECONDS:
        raise refusal(
            "offer_out_of_time",
            f"the offer was issued {abs(age_seconds) / 3600:,.0f} hours {'ago' if age_seconds > 0 else 'from now'}",
            "Check the publisher's clock, sign again with the present time and publish again with the same event_id.",
        )


def parse_object_uri(text: str) -> ObjectUri:
    """The object that `text` names. Raises `Refused` for anything but its one spelling."""
    bucket, key = _taken_apart(text, "s3://bucket/key")
    if not _is_key(key):
        raise _not_a_uri("it does not name one object of a bucket in the one spelling that is allowed")
    return ObjectUri(bucket, key)


def parse_prefix(text: str) -> ObjectPrefix:
    """The prefix that `text` names: `s3://bucket/` or `s3://bucket/folder/`. Raises `Refused`."""
    bucket, key = _taken_apart(text, "s3://bucket/folder/")
    if key and not (key.endswith("/") and _is_key(key[:-1])):
        raise _not_a_uri("a prefix ends in a slash, and has no other spelling")
    return ObjectPrefix(bucket, key)


def parse_object_version(text: str) -> ObjectVersion:
    """Raises `Refused`."""
    match = _VERSION.fullmatch(text)
    if match is None or text == _REPLACEABLE:
        raise refusal(
            "invalid_object_version",
            "the object's version is none",
            "Write version-id: and the store's version id of the object, or etag: and its ETag without quotes.",
        )
    return ObjectVersion(VersionKind(match["kind"]), match["value"])


def is_registered(uri: ObjectUri, prefixes: Iterable[ObjectPrefix]) -> bool:
    """Whether `uri` lies under one of `prefixes`."""
    return any(uri.bucket == prefix.bucket and uri.key.startswith(prefix.key) for prefix in prefixes)


def _content(offer: UploadOffered) -> tuple[bytes, ...]:
    """The fields in their fixed order; what is null is empty, which no field that is there can be."""
    version = "" if offer.mapping_version is None else str(offer.mapping_version)
    texts = (
        offer.tenant_id,
        offer.publisher_id,
        offer.event_id,
        offer.object_uri,
        offer.object_version,
        offer.file_name,
        offer.data_source,
        version,
        offer.mode.value,
        offer.segment or "",
    )
    addresses = framed(*(address.encode() for address in offer.notify))
    return (*(text.encode() for text in texts), addresses)


def _taken_apart(text: str, form: str) -> tuple[str, str]:
    scheme, rest = text[: len(_SCHEME)], text[len(_SCHEME) :]
    bucket, slash, key = rest.partition("/")
    if scheme != _SCHEME:
        raise _not_a_uri(f"it is not of the form {form}")
    if not slash or not _BUCKET.fullmatch(bucket) or _ADDRESS.fullmatch(bucket):
        raise _not_a_uri("no bucket can have this name")
    return bucket, key


def _is_key(key: str) -> bool:
    segments = key.split("/")
    plain = all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in segments)
    return plain and len(key) <= MAX_KEY_BYTES


def _not_a_uri(why: str) -> Refused:
    return refusal(
        "invalid_object_uri",
        f"the object's address cannot be used: {why}",
        "Write s3://bucket/key; a key's parts hold only letters, digits and ! _ . * ' ( ) = + , : @ ~ - "
        "between single slashes.",
    )
