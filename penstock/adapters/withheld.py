"""What stands in place of an adapter that a service must not have: it needs no settings, and every use is a bug."""

from __future__ import annotations

from typing import NoReturn


class Withheld:
    def __init__(self, what: str) -> None:
        self._what = what

    def close(self) -> None:
        """Nothing was opened."""

    def __getattr__(self, name: str) -> NoReturn:
        raise LookupError(f"this service is not given {self._what}: it has no business with it")
