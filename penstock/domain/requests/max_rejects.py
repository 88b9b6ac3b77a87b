"""How many rows of a request may be rejected: a share such as `5%`, or a number of rows such as `100`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from penstock.domain.errors import refusal
from penstock.domain.mapping.mapping import Mode

REPLACE_DEFAULT = "5%"  # a replacement removes data, so too few rows are worse than none

_SHARE = re.compile(r"(100(?:\.0{1,4})?|[0-9]{1,2}(?:\.[0-9]{1,4})?) ?%")
_ROWS = re.compile(r"[0-9]{1,9}")


class MaxRejects(NamedTuple):
    """A percentage of the rows read, or a number of rows."""

    number: Decimal
    is_share: bool

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_share else str(self.number)

    def exceeded_by(self, rejected: int, read: int) -> bool:
        return rejected * 100 > self.number * read if self.is_share else rejected > self.number


def parse_max_rejects(text: str) -> MaxRejects:
    """Raises `Refused`."""
    if share := _SHARE.fullmatch(text):
        return MaxRejects(Decimal(share[1]), is_share=True)
    if _ROWS.fullmatch(text):
        return MaxRejects(Decimal(text), is_share=False)
    raise refusal(
        "invalid_max_rejects",
        "the limit of rejects must be a share or a number of rows",
        "Use a share of the rows from 0% to 100%, such as 5%, or a number of rows, such as 100.",
    )


def max_rejects_of(requested: str | None, mode: Mode) -> str | None:
    """The limit of a new request in its canonical form; None without one."""
    if requested is None:
        return REPLACE_DEFAULT if mode is Mode.REPLACE else None
    return str(parse_max_rejects(requested))
