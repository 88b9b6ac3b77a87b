"""Files that other services publish: how an offer is signed, and which objects it may name.

Penstock reads an offered object with its own rights, so it could be used as a confused deputy. Each offer is therefore
signed by its publisher (HMAC-SHA-256 with one of the publisher's keys), and may only name objects below the prefixes
registered for that publisher. All checks here use the event alone and run before any request to a store.
schemas/README.md has the contract for publishers.

An object has exactly one valid spelling. Any other spelling (percent signs, dots, doubled slashes, backslashes) and
anything that could lead elsewhere (another scheme, a user, port or query) is refused, not normalised: when two programs
normalise differently, such checks can be bypassed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from penstock.domain.days import DAY_SECONDS
from penstock.domain.errors import Refused, refusal
from penstock.domain.events import UploadOffered
from penstock.domain.framing import framed

SIGNED_AS = b"penstock upload-offered 1"
MAX_KEY_BYTES = 1024  # the limit of S3
OLDEST_SECONDS = 7 * DAY_SECONDS  # as long as the log keeps events, so that an outage over a weekend expires no offer
EARLIEST_SECONDS = DAY_SECONDS  # the publisher's clock may be fast, or it may use local time for UTC

_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_SEGMENT = re.compile(r"[A-Za-z0-9!_.*'()=+,:@~-]+")
_REPLACEABLE = "version-id:null"  # written before the bucket was versioned, so it can be overwritten
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
        """Whether some object could lie below both."""
        nested = self.key.startswith(other.key) or other.key.startswith(self.key)
        return self.bucket == other.bucket and nested


class VersionKind(StrEnum):
    VERSION_ID = "version-id"  # for a versioned bucket
    ETAG = "etag"  # for a bucket without versions


class ObjectVersion(NamedTuple):
    """Identifies an object's exact content."""

    kind: VersionKind
    value: str


def signed_bytes(offer: UploadOffered) -> bytes:
    """The bytes that a publisher signs: every field except the signature, each after its length."""
    return framed(SIGNED_AS, *_content(offer), b"%d" % offer.issued_at_us)


def fingerprint(offer: UploadOffered) -> str:
    """Equal for offers with the same content, whenever they were issued."""
    return hashlib.sha256(framed(b"penstock offer", *_content(offer))).hexdigest()


def sign(key: bytes, offer: UploadOffered) -> bytes:
    """The signature of `offer`; its own `signature` field is ignored."""
    return hmac.digest(key, signed_bytes(offer), "sha256")


def is_signed(offer: UploadOffered, keys: Iterable[bytes]) -> bool:
    """Whether one of `keys` signed `offer`, compared in constant time."""
    return any(hmac.compare_digest(sign(key, offer), offer.signature) for key in keys)


def check_issued(offer: UploadOffered, now_us: int) -> None:
    """Raise `Refused` when `offer` was issued too long ago, or too far in the future."""
    age_seconds = (now_us - offer.issued_at_us) / 1_000_000
    if not -EARLIEST_SECONDS <= age_seconds <= OLDEST_SECONDS:
        raise refusal(
            "offer_out_of_time",
            f"the offer was issued {abs(age_seconds) / 3600:,.0f} hours {'ago' if age_seconds > 0 else 'from now'}",
            "Check the publisher's clock, sign again with the current time and publish again with the same event_id.",
        )


def parse_object_uri(text: str) -> ObjectUri:
    """The object that `text` names. Raises `Refused` for any other spelling than the valid one."""
    bucket, key = _split_uri(text, "s3://bucket/key")
    if not _is_key(key):
        raise _not_a_uri("it does not name one object in the only spelling allowed")
    return ObjectUri(bucket, key)


def parse_prefix(text: str) -> ObjectPrefix:
    """The prefix that `text` names: `s3://bucket/` or `s3://bucket/folder/`. Raises `Refused`."""
    bucket, key = _split_uri(text, "s3://bucket/folder/")
    if key and not (key.endswith("/") and _is_key(key[:-1])):
        raise _not_a_uri("a prefix must end in a slash and use the only spelling allowed")
    return ObjectPrefix(bucket, key)


def parse_object_version(text: str) -> ObjectVersion:
    """Raises `Refused`."""
    match = _VERSION.fullmatch(text)
    if match is None or text == _REPLACEABLE:
        raise refusal(
            "invalid_object_version",
            "the object's version is not valid",
            "Write version-id: and the object's version id in the store, or etag: and its ETag without quotes.",
        )
    return ObjectVersion(VersionKind(match["kind"]), match["value"])


def is_registered(uri: ObjectUri, prefixes: Iterable[ObjectPrefix]) -> bool:
    """Whether `uri` lies below one of `prefixes`."""
    return any(uri.bucket == prefix.bucket and uri.key.startswith(prefix.key) for prefix in prefixes)


def _content(offer: UploadOffered) -> tuple[bytes, ...]:
    """The fields in a fixed order. A null field is empty; a field that is set never is."""
    version, as_of = ("" if each is None else str(each) for each in (offer.mapping_version, offer.as_of_us))
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
        as_of,
    )
    addresses = framed(*(address.encode() for address in offer.notify))
    return (*(text.encode() for text in texts), addresses)


def _split_uri(text: str, expected: str) -> tuple[str, str]:
    scheme, path = text[: len(_SCHEME)], text[len(_SCHEME) :]
    bucket, slash, key = path.partition("/")
    if scheme != _SCHEME:
        raise _not_a_uri(f"it does not look like {expected}")
    if not slash or not _BUCKET.fullmatch(bucket) or _ADDRESS.fullmatch(bucket):
        raise _not_a_uri("no bucket can have this name")
    return bucket, key


def _is_key(key: str) -> bool:
    segments = key.split("/")
    valid = all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in segments)
    return valid and len(key) <= MAX_KEY_BYTES


def _not_a_uri(why: str) -> Refused:
    return refusal(
        "invalid_object_uri",
        f"the object's address cannot be used: {why}",
        "Write s3://bucket/key; a key's parts hold only letters, digits and ! _ . * ' ( ) = + , : @ ~ - "
        "between single slashes.",
    )
