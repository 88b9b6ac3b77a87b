"""What a caller sent, checked against its declared type, with faults that say where and never quote what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, TypeVar

import msgspec
from msgspec import UnsetType

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_PAGE

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]  # how many entries a page of a list has at most

_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z")
_QUOTING = {  # msgspec's messages that repeat what was sent, and what is said in their place
    "Object contains unknown field": "a field is not known here",
    "Invalid enum value": "this is none of the values that can stand here",
    "Invalid value": "this is none of the values that can stand here",
}


def decode_json(raw: bytes, kind: type[T], where: str = "the body") -> T:
    """`raw`, which faults call `where`, as a `kind`.

    Raises `Refused`: malformed_json, or invalid_request when it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, where) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refusal("malformed_json", f"{where} is not JSON", "Send JSON in UTF-8.") from None


def from_texts(texts: Iterable[tuple[str, str]], kind: type[S], where: str) -> S:
    """Parameters or headers as a `kind`, whose fields say their names. Raises `Refused` (bad_request), with a hint that
    says which there are."""
    known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
    hint = f"Known here: {known}; see /openapi.json." if known else "This call takes none."
    pairs = [(str(name), text) for name, text in texts]
    names = [name for name, _ in pairs]
    for field in msgspec.structs.fields(kind):
        if names.count(field.encode_name) > 1:
            raise refusal("bad_request", f"{where}: {field.encode_name} is there twice", "Send it once.")
    try:
        return msgspec.convert(dict(pairs), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, where, code="bad_request", hint=hint) from None


def given(value: T | UnsetType) -> T | None:
    """`value`, or None when it was left out. Optional texts are declared with UnsetType: to msgspec, `null` is None."""
    return None if isinstance(value, UnsetType) else value


def _invalid(
    error: msgspec.ValidationError,
    where: str,
    *,
    code: str = "invalid_request",
    hint: str = "See /openapi.json for what can stand here.",
) -> Refused:
    text = str(error)
    at = _PATH.search(text)
    path = at["path"].removeprefix(".") if at else ""
    message = text[: at.start()] if at else text
    for quoting, instead in _QUOTING.items():
        if message.startswith(quoting):
            message = instead
    place = f"{where}, {path}" if path else where
    return refusal(code, f"{place}: {message}", hint)
