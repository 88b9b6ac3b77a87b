"""Validation of requests by pydantic: strict, with all faults at once, none of which quotes a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Optional, Self, TypeVar

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from penstock.domain.errors import Fault, Refused, refusal
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import NAME
from penstock.domain.mapping.mapping import Mode

MAX_FAULTS = 1_000  # that one answer lists

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

if TYPE_CHECKING:
    Omittable = Optional[T]  # noqa: UP045
else:  # to pydantic, None would be a null that the document allows
    Omittable = Annotated[T, Field(default_factory=lambda: None)]


def _digits(value: object) -> object:
    """The number in a query, before pydantic, which also accepts `1_0`, `+1` and ` 1`."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise PydanticCustomError("shape", "this should be a number, in up to 9 digits")
    return int(value)


QueryNumber = Annotated[int, BeforeValidator(_digits)]
Name = Annotated[str, Field(pattern="^" + NAME.pattern.replace(r"\Z", "$"), max_length=63)]
ModeText = Annotated[Mode, Field(strict=False)]  # strictly, no text is a member of an enumeration
Limit = Annotated[QueryNumber, Field(ge=1, le=MAX_PAGE)]  # how many entries a page of a list has at most

MaxRejectsText = Annotated[str, Field(max_length=16)] | Annotated[int, Field(ge=0)]  # a share such as 12.5%, or rows

_CODES = {"body": "invalid_request"}
_PLACES = {"body": "the body", "query": "the query", "header": "the headers", "path": "the path"}
_MESSAGES = {
    "missing": "this is required",
    "model_attributes_type": "this should be an object",
    "model_type": "this should be an object",
}


class Model(BaseModel):
    """The base of every JSON body, query and part of a form."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _few_faults(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """A body of 1 MiB can have 100,000 faults, which would take the event loop seconds to list."""
        try:
            return handler(data)
        except ValidationError as error:
            if error.error_count() > MAX_FAULTS:
                raise PydanticCustomError("too_many_faults", f"there are more than {MAX_FAULTS:,} faults") from None
            raise


class NoQuery(Model):
    """The query of a call that takes none."""


def json_document(raw: bytes) -> Any:
    """Raises `Refused` (malformed_json)."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refusal("malformed_json", "the body is not JSON", "Send JSON in UTF-8.") from None


def model_of(kind: type[M], raw: bytes) -> M:
    """`raw`, a part of a body, as a `kind`. Raises `Refused`: malformed_json, invalid_request."""
    try:
        return kind.model_validate(json_document(raw))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        raise refused([{**each, "loc": ("body", *each["loc"])} for each in errors]) from None


def refused(errors: Iterable[Mapping[str, Any]]) -> Refused:
    """pydantic's errors, whose places begin with the part of the request."""
    faults = [_fault(error["loc"], error["type"], error["msg"]) for error in errors]
    distinct = list(dict.fromkeys(faults))
    codes = {fault.code for fault in distinct}
    return Refused(distinct, code=codes.pop() if len(codes) == 1 else "bad_request")


def _fault(place: Sequence[str | int], kind: str, message: str) -> Fault:
    part, *path = place
    if kind == "extra_forbidden":
        message = _unknown(str(path.pop()))
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    return Fault(
        code=_CODES.get(str(part), "bad_request"),
        message=": ".join((", ".join(filter(None, (_PLACES[str(part)], where))), _MESSAGES.get(kind, message))),
        hint="See /openapi.json for the parameters of this call.",
        pointer=_pointer(path) if part == "body" else None,
    )


def _unknown(name: str) -> str:
    """Only a name that another call takes is quoted: any other could be a customer's value."""
    kinds = [Model]
    while kinds:
        kind = kinds.pop()
        if name in kind.model_fields:
            return f"{name} is not taken here"
        kinds += kind.__subclasses__()
    return "a name is not known here"


def _pointer(path: Sequence[str | int]) -> str:
    """RFC 6901; "" is the whole body."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
