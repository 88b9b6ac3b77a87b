"""Looks for marked values that lie in the clear, in all that a system has written."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_QUAD = 4  # characters that base64 makes of three bytes


def found_in(content: bytes, mark: str) -> list[str]:
    """The forms in which `mark` lies in `content`: as it is, in upper or lower case, in UTF-16, in hex, in base64."""
    return [name for name, form in _forms(mark) if form in content]


def found_under(folder: Path, mark: str) -> dict[str, list[str]]:
    """For every file under `folder` that holds `mark`, in its content or its name, the forms that were found."""
    assert len(mark) >= 8, "base64 of a shorter mark would be found by chance"
    found = {}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        forms = found_in(_written(path), mark) + found_in(name.encode(), mark)
        if forms:
            found[name] = forms
    return found


def too_open(folder: Path) -> dict[str, str]:
    """The files under `folder` that have another mode than 0600, and the folders that have another than 0700."""
    expected = dict.fromkeys(_files(folder), 384) | dict.fromkeys([folder, *folder.rglob("*/")], 448)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in expected}
    return {str(path): oct(mode) for path, mode in modes.items() if mode != expected[path]}


def _written(path: Path) -> bytes:
    """Without most of the zeros in files that were made larger than what is in them, which would take long to look
    through: holes that take no place on the disk, and all but one at the end, for it may belong to a letter of UTF-16.
    """
    with path.open("rb") as file:
        return b"\0".join(_extents(file.fileno())).rstrip(b"\0") + b"\0"


def _extents(descriptor: int) -> Iterator[bytes]:
    end = 0
    while True:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield os.pread(descriptor, end - start, start)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _forms(mark: str) -> Iterator[tuple[str, bytes]]:
    for text in {mark, mark.lower(), mark.upper()}:
        for encoding in ENCODINGS:
            raw = text.encode(encoding)
            yield f"{text} in {encoding}", raw
            yield f"{text} in {encoding} in hex", raw.hex().encode()
            yield f"{text} in {encoding} in upper-case hex", raw.hex().upper().encode()
            for phase in range(3):
                for kind, encode in (("base64", base64.b64encode), ("URL base64", base64.urlsafe_b64encode)):
                    yield f"{text} in {encoding} in {kind}, phase {phase}", _certain(encode(bytes(phase) + raw), phase)


def _certain(encoded: bytes, phase: int) -> bytes:
    """The part of a base64 text that does not depend on what stands before and after the mark."""
    whole = encoded[_QUAD:] if phase else encoded
    return whole.rstrip(b"=")[:-1] if whole.endswith(b"=") else whole
