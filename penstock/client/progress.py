"""How far an upload is: the caller may pass an object that shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Shows how far a file has been sent."""

    def storing(self, total: int | None) -> None:
        """The upload of the file begins; `total` is its size in bytes, if known."""

    def stored(self, size: int) -> None:
        """`size` more bytes are stored."""

    def say(self, message: str) -> None:
        """The upload waits, or continues an earlier one."""


class Quiet:
    """Shows nothing."""

    def storing(self, total: int | None) -> None:
        pass

    def stored(self, size: int) -> None:
        pass

    def say(self, message: str) -> None:
        pass
