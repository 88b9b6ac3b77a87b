"""All errors that Penstock raises on purpose, and how callers handle them.

    PenstockError
    ├── Refused            the caller's input is wrong: lists every fault at once, never retried
    ├── NotFound           it does not exist, or belongs to another tenant
    ├── Conflict           it was changed concurrently: read and decide again
    ├── Fenced             this consumer lost its partition: drop the work, poll again
    ├── Unavailable        a server, disk, key service or key is unavailable: wait and retry, without limit
    ├── InDoubt            the receiver may or may not have accepted it: retry once, then never again
    ├── Corrupt            sealed bytes do not open: moved, cut, changed, or the wrong key
    ├── CoercionError      a cell is invalid in its format: the row is a reject (domain/mapping/coercion)
    ├── PartFailed         a part of this process has ended for good: restart the process
    └── KeyRevoked         the key was destroyed: the request fails for good

No message contains a customer's value; positions, columns and codes identify it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault, its place, and a hint how to fix it."""

    code: str
    message: str
    hint: str
    column: str | None = None
    position: int | None = None  # 1-based: of the column in the header, or of the line in the file
    pointer: str | None = None  # a JSON pointer (RFC 6901) into the body of an HTTP call


class PenstockError(Exception):
    """Base of all errors below; `code` is stable and public."""

    code = "internal"


class Refused(PenstockError):
    """The input cannot be accepted; `faults` lists all its faults."""

    code = "refused"

    def __init__(self, faults: list[Fault], *, code: str | None = None) -> None:
        super().__init__("; ".join(f"{fault.code}: {fault.message}" for fault in faults))
        self.faults = faults
        self.code = code or (faults[0].code if len(faults) == 1 else "refused")


class NotFound(PenstockError):
    code = "not_found"


class Conflict(PenstockError):
    code = "conflict"


class Fenced(PenstockError):
    code = "fenced"


class Unavailable(PenstockError):
    """`dependency` is the name in `penstock_dependency_up`; "" when it is not a monitored dependency."""

    code = "unavailable"

    def __init__(self, message: str = "", *, dependency: str = "") -> None:
        super().__init__(message)
        self.dependency = dependency


class InDoubt(PenstockError):
    """The connection broke after everything was sent and before the reply."""

    code = "delivery_in_doubt"


class Corrupt(PenstockError):
    code = "corrupt"


class KeyRevoked(PenstockError):
    code = "tenant_key_destroyed"


class PartFailed(PenstockError):
    code = "internal"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it is displayed and stored: an RFC 9457 problem with Penstock's faults."""

    code: str
    title: str
    detail: str
    faults: list[Fault] = []

    def to_json(self) -> dict[str, Any]:
        return {**msgspec.to_builtins(self), "type": problem_type(self.code)}


def problem_type(code: str) -> str:
    """The `type` of a problem: a reference to a page that the HTTP API serves."""
    return f"/problems/{code}"


def refusal(code: str, message: str, hint: str, **where: Any) -> Refused:
    """A `Refused` with a single fault."""
    return Refused([Fault(code=code, message=message, hint=hint, **where)])


@contextmanager
def collecting(faults: list[Fault]) -> Iterator[None]:
    """Append the faults of a `Refused` raised within to `faults`, and suppress it."""
    try:
        yield
    except Refused as refused:
        faults += refused.faults


def refuse_all(faults: list[Fault], *, code: str | None = None) -> None:
    """Raise `Refused` when there are `faults`: with their code if they share one, otherwise with `code`."""
    if faults:
        raise Refused(faults, code=faults[0].code if len({fault.code for fault in faults}) == 1 else code)
