"""The address of the console that runs with the data of a folder: `penstock up` leaves it there while it runs, and
`penstock sign-in` finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DEFAULT = "http://127.0.0.1:8080"
FILE = "console-address"
_LONGEST = 300


@contextmanager
def leaving_address(data: Path, url: str) -> Iterator[None]:
    """The file stays after a crash, until the next start."""
    file = data / FILE
    file.write_text(f"{url}\n", encoding="ascii")
    try:
        yield
    finally:
        with suppress(OSError):
            if _read(file) == url:  # not that of another one that has begun since
                file.unlink()


def console_address(data: Path) -> str:
    """That of the running system, or else the default one."""
    with suppress(OSError, UnicodeDecodeError):
        return _read(data / FILE) or DEFAULT
    return DEFAULT


def _read(file: Path) -> str:
    with file.open(encoding="ascii") as opened:
        return opened.read(_LONGEST).strip()
