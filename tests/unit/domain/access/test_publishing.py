import hashlib
import hmac
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.access.publishing import (
    EARLIEST_SECONDS,
    OLDEST_SECONDS,
    ObjectPrefix,
    ObjectUri,
    ObjectVersion,
    VersionKind,
    check_issued,
    fingerprint,
    is_registered,
    is_signed,
    parse_object_uri,
    parse_object_version,
    parse_prefix,
    sign,
    signed_bytes,
)
from penstock.domain.errors import Refused
from penstock.domain.events import UploadOffered
from penstock.domain.mapping.mapping import Mode

KEY = bytes(range(32))
OFFER = UploadOffered(
    tenant_id="acme",
    publisher_id="0123456789abcdef",
    event_id="2026-11-25/customers",
    object_uri="s3://landing/acme/customers.tsv",
    object_version="etag:9b2cf535f27731c974343645a3985328",
    file_name="customers.tsv",
    data_source="crm",
    mapping_version=3,
    mode=Mode.REPLACE,
    segment="spring",
    as_of_us=1_700_000_000_000_000,
    notify=("a@example.org", "b@example.org"),
    issued_at_us=1_795_600_000_000_000,
    signature=bytes(32),
)
CHANGES: dict[str, list[Any]] = {
    "tenant_id": ["acmf", "acme0"],
    "publisher_id": ["0123456789abcdee"],
    "event_id": ["2026-11-26/customers"],
    "object_uri": ["s3://landing/acme/customers.tsw"],
    "object_version": ["etag:9b2cf535f27731c974343645a3985329"],
    "file_name": ["customers"],
    "data_source": ["crn"],
    "mapping_version": [None, 33],
    "mode": [Mode.UPSERT],
    "segment": [None, "summer"],
    "as_of_us": [None, 0, 1],
    "notify": [(), ("a@example.org",), ("b@example.org", "a@example.org"), ("a@example.orgb@example.org",)],
    "issued_at_us": [1_795_600_000_000_001],
}
segments = st.text(string.ascii_letters + string.digits + "!_.*'()=+,:@~-", min_size=1, max_size=8).filter(
    lambda segment: segment not in (".", "..")
)
keys = st.lists(segments, min_size=1, max_size=4).map("/".join)
buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)


def code(error: pytest.ExceptionInfo[Refused]) -> str:
    return error.value.code


# Signatures


def test_every_field_is_signed() -> None:
    signed = {field for field in UploadOffered.__struct_fields__ if field != "signature"}
    assert set(CHANGES) == signed


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in CHANGES.items() for value in values])
def test_a_change_in_any_field_is_noticed(field: str, value: Any) -> None:
    offer = replace(OFFER, signature=sign(KEY, OFFER))
    assert is_signed(offer, [KEY])
    assert not is_signed(replace(offer, **{field: value}), [KEY])


@given(st.data())
def test_nothing_moves_from_one_field_into_the_next(data: st.DataObject) -> None:
    """Texts that are cut elsewhere between two neighbouring fields are other bytes."""
    names = ("event_id", "object_uri", "object_version", "file_name", "data_source")
    first = data.draw(st.integers(0, len(names) - 2))
    text = data.draw(st.text(string.ascii_letters + string.digits, min_size=2, max_size=12))
    cuts = data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True))
    cut = [replace(OFFER, **{names[first]: text[:at], names[first + 1]: text[at:]}) for at in cuts]
    assert signed_bytes(cut[0]) != signed_bytes(cut[1])


def test_the_signature_is_an_hmac_of_length_prefixed_fields() -> None:
    """Written out by hand, as another service would have it."""
    fields = [b"penstock upload-offered 1", b"acme", b"0123456789abcdef", b"2026-11-25/customers"]
    fields += [b"s3://landing/acme/customers.tsv", b"etag:9b2cf535f27731c974343645a3985328", b"customers.tsv", b"crm"]
    fields += [b"3", b"replace", b"spring", b"1700000000000000"]
    fields += [b"\0\0\0\x0da@example.org\0\0\0\x0db@example.org", b"1795600000000000"]
    message = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    assert signed_bytes(OFFER) == message
    assert sign(KEY, OFFER) == hmac.new(KEY, message, hashlib.sha256).digest()


def test_any_of_several_keys_is_enough_and_none_is_not() -> None:
    offer = replace(OFFER, signature=sign(KEY, OFFER))
    assert is_signed(offer, [bytes(32), KEY])
    assert not is_signed(offer, [bytes(32)])
    assert not is_signed(offer, [])
    assert not is_signed(replace(OFFER, signature=b""), [KEY])


def test_a_later_signing_asks_for_the_same() -> None:
    assert fingerprint(OFFER) == fingerprint(replace(OFFER, issued_at_us=1, signature=b"x"))
    for field, values in CHANGES.items():
        if field != "issued_at_us":
            assert all(fingerprint(OFFER) != fingerprint(replace(OFFER, **{field: value})) for value in values)


@pytest.mark.parametrize(
    ("age_seconds", "good"),
    [
        (0, True),
        (OLDEST_SECONDS, True),
        (OLDEST_SECONDS + 1, False),
        (-EARLIEST_SECONDS, True),
        (-EARLIEST_SECONDS - 1, False),
    ],
)
def test_an_offer_has_its_time(age_seconds: int, good: bool) -> None:
    now_us = OFFER.issued_at_us + age_seconds * 1_000_000
    if good:
        check_issued(OFFER, now_us)
    else:
        with pytest.raises(Refused) as caught:
            check_issued(OFFER, now_us)
        assert code(caught) == "offer_out_of_time"


# Addresses

ATTACKS = [
    "",
    "s3:",
    "s3://",
    "s3:///key",
    "s3://bucket",
    "s3://bucket/",
    "s3:/bucket/key",
    "S3://bucket/key",
    " s3://bucket/key",
    "s3://bucket/key ",
    "s3://bucket/key\n",
    "file:///etc/passwd",
    "file://bucket/key",
    "http://169.254.169.254/latest/meta-data",
    "https://bucket.s3.amazonaws.com/key",
    "arn:aws:s3:::bucket/key",
    "s3a://bucket/key",
    "//bucket/key",
    "bucket/key",
    "s3://user@bucket/key",
    "s3://user:password@bucket/key",
    "s3://bucket:9000/key",
    "s3://127.0.0.1/key",
    "s3://[::1]/key",
    "s3://Bucket/key",
    "s3://bu_cket/key",
    "s3://-bucket/key",
    "s3://bucket-/key",
    "s3://bu..cket/key",
    "s3://.bucket/key",
    "s3://bucket./key",
    "s3://bu/key",
    f"s3://{'b' * 64}/key",
    "s3://arn:aws:s3:eu:1:accesspoint/key",
    "s3://bücket/key",
    "s3://bucket/../other/key",
    "s3://bucket/acme/../key",
    "s3://bucket/acme/..",
    "s3://bucket/./key",
    "s3://bucket/acme/.",
    "s3://bucket//key",
    "s3://bucket/acme//key",
    "s3://bucket/acme/",
    "s3://bucket/%2e%2e/key",
    "s3://bucket/acme/%2E%2E/key",
    "s3://bucket/acme/%2fkey",
    "s3://bucket/acme%00",
    "s3://bucket/acme\\..\\key",
    "s3://bucket/acme\0key",
    "s3://bucket/ke y",
    "s3://bucket/key?versionId=1",
    "s3://bucket/key#fragment",
    "s3://bucket/ключ",
    "s3://bucket/ke\u2024\u2024y",
    f"s3://bucket/{'k' * 1_025}",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_other_address_or_spelling_is_taken(text: str) -> None:
    for parse in (parse_object_uri, parse_prefix):
        if parse is parse_prefix and text in ("s3://bucket/", "s3://bucket/acme/"):
            continue
        with pytest.raises(Refused) as caught:
            parse(text)
        assert code(caught) == "invalid_object_uri"


@given(buckets, keys)
def test_an_address_is_taken_in_one_spelling(bucket: str, key: str) -> None:
    uri = parse_object_uri(f"s3://{bucket}/{key}")
    assert uri == ObjectUri(bucket, key)
    assert str(uri) == f"s3://{bucket}/{key}"


@given(st.text(max_size=40) | st.text("s3:/.%ab@\\", max_size=40).map("s3://bucket/".__add__))
def test_an_accepted_uri_has_one_spelling(text: str) -> None:
    try:
        uri = parse_object_uri(text)
    except Refused:
        return
    assert str(uri) == text
    assert not {"", ".", ".."} & set(uri.key.split("/"))
    assert set("%\\?#\0 ") & set(text) == set()


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        ("s3://landing/acme/", "s3://landing/acme/a.tsv", "s3://landing/acme-evil/a.tsv"),
        ("s3://landing/acme/", "s3://landing/acme/x/y/z", "s3://landing/other/acme/a.tsv"),
        ("s3://landing/acme/", "s3://landing/acme/a", "s3://landing/acme"),
        ("s3://landing/acme/", "s3://landing/acme/b", "s3://landing/ACME/b"),
        ("s3://landing/acme/", "s3://landing/acme/b", "s3://landing2/acme/b"),
        ("s3://landing/", "s3://landing/anything", "s3://landin/anything"),
    ],
)
def test_an_object_lies_under_a_prefix_or_not(prefix: str, inside: str, outside: str) -> None:
    registered = [parse_prefix("s3://elsewhere/"), parse_prefix(prefix)]
    assert is_registered(parse_object_uri(inside), registered)
    assert not is_registered(parse_object_uri(outside), registered)
    assert not is_registered(parse_object_uri(inside), [])


@given(buckets, keys, keys)
def test_every_registered_address_is_in_the_folder(bucket: str, folder: str, key: str) -> None:
    prefix, uri = parse_prefix(f"s3://{bucket}/{folder}/"), parse_object_uri(f"s3://{bucket}/{key}")
    parts = folder.split("/")
    assert is_registered(uri, [prefix]) == (key.split("/")[: len(parts)] == parts and len(key.split("/")) > len(parts))


@pytest.mark.parametrize("text", ["s3://landing/acme", "s3://landing/acme//", "s3://landing//", "s3://landing"])
def test_a_prefix_ends_in_one_slash(text: str) -> None:
    with pytest.raises(Refused):
        parse_prefix(text)


def test_prefixes_overlap_when_one_holds_the_other() -> None:
    whole, folder, other = ObjectPrefix("b", ""), ObjectPrefix("b", "a/"), ObjectPrefix("b", "ab/")
    assert whole.overlaps(folder)
    assert folder.overlaps(whole)
    assert folder.overlaps(folder)
    assert not folder.overlaps(other)
    assert not folder.overlaps(ObjectPrefix("c", "a/"))


# Versions


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("version-id:3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", (VersionKind.VERSION_ID, "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")),
        ("etag:9b2cf535f27731c974343645a3985328-12", (VersionKind.ETAG, "9b2cf535f27731c974343645a3985328-12")),
    ],
)
def test_a_version_names_exact_bytes(text: str, version: tuple[VersionKind, str]) -> None:
    assert parse_object_version(text) == ObjectVersion(*version)


@pytest.mark.parametrize(
    "text",
    ["", "etag:", "version-id:", "version-id:null", "latest", "etag:*", 'etag:"a"', "ETAG:a", "etag:a\r\nHost: b", "1"],
)
def test_a_replaceable_or_invalid_version_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_object_version(text)
    assert code(caught) == "invalid_object_version"
