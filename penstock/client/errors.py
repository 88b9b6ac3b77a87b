"""The errors of the client, which extend those of `penstock.domain.errors`.

PenstockError
├── Refused                 the server refuses the call: `code`, and every fault with its hint
│   └── Misconfigured       the address or the key of the client is wrong
├── NotFound                it does not exist, or belongs to another tenant
└── Unavailable             try again later: the answer is not Penstock's
    └── ServerUnavailable   try again later: the server cannot be reached, or says so
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from penstock.domain.errors import Fault, Refused, Unavailable


class Repeat(Enum):
    """Whether a call that failed may be sent again."""

    NEVER = auto()
    IF_REPEATABLE = auto()  # the server may have carried it out
    ALWAYS = auto()  # the server has not begun with it


class Misconfigured(Refused):
    """The client's address or key is wrong, or there is no Penstock at the address."""


class ServerUnavailable(Unavailable):
    """`retry_after` is the time in seconds for which the server asks to wait; None if it does not."""

    def __init__(
        self,
        message: str,
        repeat: Repeat,
        *,
        code: str = Unavailable.code,
        faults: Sequence[Fault] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.faults = code, faults
        self.repeat, self.retry_after = repeat, retry_after
