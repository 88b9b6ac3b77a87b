"""What a person wrote is checked, and never quoted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from services.cli.decoding import decode_json

MARK = "marked4711"


class Colour(StrEnum):
    RED = "red"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    colour: Colour = Colour.RED
    short: Annotated[str, msgspec.Meta(max_length=3)] = ""
    name: Annotated[str, msgspec.Meta(pattern="^[a-z]$")] = "a"
    number: int = 0


class Body(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[Inner] = []
    by_name: dict[str, int] = {}


@pytest.mark.parametrize(
    "sent",
    [
        {"inner": [{"colour": MARK}]},
        {"inner": [{"short": MARK}]},
        {"inner": [{"name": MARK}]},
        {"inner": [{"number": MARK}]},
        {"inner": [{MARK: 1}]},
        {"inner": MARK},
        {"by_name": {MARK: MARK}},
        {MARK: MARK},
        MARK,
    ],
)
def test_faults_say_where_and_never_what(sent: Any) -> None:
    with pytest.raises(Refused) as caught:
        decode_json(msgspec.json.encode(sent), Body, "the file")
    (fault,) = caught.value.faults
    assert fault.code == "invalid_request"
    assert MARK not in str(caught.value)
    assert MARK not in fault.message + fault.hint


def test_a_fault_names_its_place() -> None:
    with pytest.raises(Refused, match=r"the file, inner\[0\].colour: this is not an allowed value"):
        decode_json(b'{"inner": [{"colour": "blue"}]}', Body, "the file")


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(raw: bytes) -> None:
    try:
        outcome = type(decode_json(raw, Body, "the file")).__name__
    except Refused as refused:
        outcome = refused.code
    assert outcome in ("Body", "malformed_json", "invalid_request")
