"""A placeholder for an adapter that a service must not use: it needs no settings, and every use is a bug."""

from __future__ import annotations

from typing import NoReturn


class Withheld:
    def __init__(self, what: str) -> None:
        self._what = what

    def close(self) -> None:
        """Nothing was opened."""

    def __getattr__(self, name: str) -> NoReturn:
        raise LookupError(f"this service must not use {self._what}")
