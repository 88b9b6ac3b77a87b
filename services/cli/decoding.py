"""Decodes and checks JSON that a person wrote; its faults name the place and never quote the text."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from penstock.domain.errors import Refused, refusal

T = TypeVar("T")

_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z")
_QUOTING = {  # msgspec's messages that repeat the text, and their replacements
    "Object contains unknown field": "a field is not known here",
    "Invalid enum value": "this is not an allowed value",
    "Invalid value": "this is not an allowed value",
}


def decode_json(raw: bytes, kind: type[T], where: str) -> T:
    """`raw`, which faults call `where`, as a `kind`.

    Raises `Refused`: malformed_json, or invalid_request when it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, where) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refusal("malformed_json", f"{where} is not JSON", "Send JSON in UTF-8.") from None


def convert(document: object, kind: type[T], where: str) -> T:
    """Convert a document without types, in which texts may mean numbers and booleans, to a `kind`.

    Raises `Refused` (invalid_request).
    """
    try:
        return msgspec.convert(document, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, where) from None


def _invalid(error: msgspec.ValidationError, where: str) -> Refused:
    text = str(error)
    at = _PATH.search(text)
    path = at["path"].removeprefix(".") if at else ""
    message = text[: at.start()] if at else text
    for quoting, instead in _QUOTING.items():
        if message.startswith(quoting):
            message = instead
    place = f"{where}, {path}" if path else where
    return refusal("invalid_request", f"{place}: {message}", "See /openapi.json for the allowed values.")
