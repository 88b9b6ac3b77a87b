"""A fault of a file or a call, as the API and the command line return it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired

import msgspec
from typing_extensions import TypedDict

from penstock.domain.errors import Fault


class FaultView(TypedDict):
    """A fault, its place, and a hint how to fix it; `pointer` is a JSON pointer into the call's body."""

    code: str
    message: str
    hint: str
    column: NotRequired[str]
    position: NotRequired[int]
    pointer: NotRequired[str]


def fault_views(faults: Iterable[Fault]) -> list[FaultView]:
    return [msgspec.to_builtins(fault) for fault in faults]
