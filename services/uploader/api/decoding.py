"""What a caller sent, checked against its declared type, with faults that say where and never quote what was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from penstock.domain.errors import Refused, refusal

T = TypeVar("T")

_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z")
_QUOTING = {  # msgspec's messages that repeat what was sent, and what is said in their place
    "Object contains unknown field": "a field is not known here",
    "Invalid enum value": "this is none of the values that can stand here",
    "Invalid value": "this is none of the values that can stand here",
}


def decode_json(raw: bytes, kind: type[T]) -> T:
    """`raw` as a `kind`. Raises `Refused`: malformed_json, or invalid_request when it is JSON of another shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, "the body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refusal("malformed_json", "the body is not JSON", "Send JSON in UTF-8.") from None


def from_texts(texts: Mapping[str, str], kind: type[T], where: str) -> T:
    """Parameters or headers as a `kind`, whose fields say their names. Raises `Refused` (bad_request)."""
    try:
        return msgspec.convert(dict(texts), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, where, code="bad_request") from None


def _invalid(error: msgspec.ValidationError, where: str, *, code: str = "invalid_request") -> Refused:
    text = str(error)
    at = _PATH.search(text)
    path = at["path"].removeprefix(".") if at else ""
    message = text[: at.start()] if at else text
    for quoting, instead in _QUOTING.items():
        if message.startswith(quoting):
            message = instead
    place = f"{where}, {path}" if path else where
    return refusal(code, f"{place}: {message}", "See /openapi.json for what can stand here.")
