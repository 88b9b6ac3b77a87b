"""Times and days in bodies and queries, which have one spelling each."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _written_as(pattern: str, example: str) -> Any:
    """Checks a day or time before pydantic, which also accepts numbers and partial texts."""

    def check(value: object) -> object:
        if value is None or (isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)):
            return value
        raise PydanticCustomError("shape", f"this should be written as {example}")

    return BeforeValidator(check)


Time = Annotated[
    AwareDatetime,
    Field(strict=False),
    _written_as(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", "2026-11-25T08:00:00Z"),
]
Day = Annotated[date, Field(strict=False), _written_as(r"\d{4}-\d\d-\d\d", "2026-11-25")]


def microseconds(at: datetime) -> int:
    """Since the epoch."""
    return (at - _EPOCH) // timedelta(microseconds=1)
