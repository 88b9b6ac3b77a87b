"""Use cases: all operations for callers, each with its permission and its audit record.

A use case is a method of a `UseCases` class with the decorator `@use_case`; its first argument is the caller. The
command line, the HTTP API and the consumers of other services' events call these methods and nothing below them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from penstock.application.access.audit import Audit, Outcome
from penstock.domain.access.permissions import Caller, Permission, forbidden
from penstock.domain.errors import PenstockError, Unavailable

S = TypeVar("S", bound="UseCases")
P = ParamSpec("P")
R = TypeVar("R")


class Audited(Enum):
    """Which calls of a use case are recorded, besides denied ones."""

    EACH = "each"  # before the effect
    WITHIN = "within"  # by the use case itself, before the effect, when it has the details
    COUNTED = "counted"  # only their number
    DENIED_ONLY = "denied_only"  # for reads, and for steps that a later use case records


class UseCase(NamedTuple):
    """The declaration of a use case; `action` is its name in the audit."""

    permission: Permission
    action: str
    audited: Audited


class UseCases:
    """A group of use cases."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit


def use_case(
    permission: Permission, action: str, audited: Audited = Audited.EACH, *, details: Sequence[str] = ()
) -> Callable[[Callable[Concatenate[S, Caller, P], R]], Callable[Concatenate[S, Caller, P], R]]:
    """Declare a method as a use case. `details` are the arguments to record in the audit, never a customer's value.

    Raises `Refused` (forbidden) before anything is done.
    """

    def declare(method: Callable[Concatenate[S, Caller, P], R]) -> Callable[Concatenate[S, Caller, P], R]:
        signature = inspect.signature(method)

        @functools.wraps(method)
        def run(self: S, caller: Caller, /, *args: P.args, **kwargs: P.kwargs) -> R:
            audit = self._audit
            require(audit, caller, permission, action)
            arguments = signature.bind(self, caller, *args, **kwargs).arguments
            recorded = {name: str(arguments[name]) for name in details if arguments.get(name) is not None}
            request_id = recorded.pop("request_id", None)
            if audited is Audited.EACH:
                audit.record(caller, action, request_id=request_id, details=recorded)
            elif audited is Audited.COUNTED:
                audit.count(caller, action)
            try:
                return method(self, caller, *args, **kwargs)
            except PenstockError as error:
                if audited in (Audited.EACH, Audited.WITHIN):
                    with suppress(Unavailable):  # the error itself is more important
                        audit.record(
                            caller, action, Outcome.FAILED, request_id=request_id, code=error.code, details=recorded
                        )
                raise

        run.use_case = UseCase(permission, action, audited)  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[S, Caller, P], R], run)

    return declare


def require(audit: Audit, caller: Caller, permission: Permission, action: str) -> None:
    """Raise `Refused` (forbidden), and record it, when the caller lacks the permission."""
    if permission not in caller.permissions:
        audit.count(caller, action, Outcome.DENIED)
        raise forbidden(permission)


def declared(method: object) -> UseCase | None:
    """The declaration of a use case; None for any other method."""
    return getattr(method, "use_case", None)
