"""The example of schemas/README.md is what Penstock takes, byte by byte, and what a program of others makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.domain.access.publishing import is_signed, sign, signed_bytes
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import UPLOAD_OFFERED, UploadOffered
from tests.support import documents
from tests.support.java_publisher import JavaPublisher

PAGE = "schemas/README.md"
KEY = bytes(range(32))
COMMAND, FIELDS, SIGNED, SIGNATURE, VALUE = documents.code_blocks(PAGE)


def example() -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(FIELDS)
    return fields


def hexed(block: str) -> bytes:
    return bytes.fromhex("".join(block.split()))


def test_the_example_is_encoded_and_signed_as_it_is_printed() -> None:
    offer = msgspec.convert({**example(), "signature": hexed(SIGNATURE)}, UploadOffered)
    assert KEY.hex() in Path(documents.ROOT / PAGE).read_text("utf-8")
    assert signed_bytes(offer) == hexed(SIGNED)
    assert sign(KEY, offer) == hexed(SIGNATURE)
    assert encode(offer) == hexed(VALUE)
    assert decode(UPLOAD_OFFERED, hexed(VALUE)) == offer


def test_every_field_is_on_the_page() -> None:
    assert documents.first_cells(PAGE, "field") == list(UploadOffered.__struct_fields__)


def java_arguments(fields: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None and name != "notify"}
    return {**given, "addresses": ",".join(fields["notify"]), "key": KEY.hex()}


def test_a_java_program_makes_the_same_bytes() -> None:
    ran = JavaPublisher().run("encode", **java_arguments(example()))
    assert (ran.returncode, ran.stdout.strip()) == (0, hexed(VALUE).hex()), ran.stderr


@pytest.mark.parametrize(
    "changes",
    [{"notify": [], "segment": "spring", "mapping_version": None, "as_of_us": None}, {"event_id": "ключ 鍵 🔑"}],
)
def test_an_offer_signed_by_a_java_program_is_accepted(changes: dict[str, Any]) -> None:
    fields = {**example(), **changes}
    ran = JavaPublisher().run("encode", **java_arguments(fields))
    offer = decode(UPLOAD_OFFERED, bytes.fromhex(ran.stdout))
    assert isinstance(offer, UploadOffered)
    assert offer == msgspec.convert({**fields, "signature": offer.signature}, UploadOffered)
    assert is_signed(offer, [KEY])
    assert not is_signed(offer, [bytes(32)])
