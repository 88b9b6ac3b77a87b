"""The file of a command: opened once, its head read for the checks, then streamed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from penstock.application.uploads.checking import FileHead
from penstock.domain.errors import refusal
from penstock.domain.files.compression import plain
from penstock.domain.files.encodings import to_utf8
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions
from penstock.domain.mapping.mapping import Limits
from services.cli.failures import SHOWN_PATH, BadUsage

PART_BYTES = 256 * 1024
MIN_IN_PARTS_BYTES = 1_000_000  # a smaller file is sent in one call
PIPED_PARTS = 16  # of a pipe, which are kept in memory to be sent later
STDIN = Path("-")


class UploadFile:
    """The file to upload, and how to read it. Raises `BadUsage` when it cannot be opened. `size` is None if it is not
    known."""

    def __init__(self, path: Path, options: FileOptions = FileOptions()) -> None:
        self.path, self.options = path, options
        self._stream = _opened(path)
        self._peeked: list[bytes] = []
        self.size = path.stat().st_size if path.is_file() else None

    @property
    def name(self) -> str:
        """As UTF-8: a file's name may be any bytes, and invalid ones become U+FFFD."""
        return "stdin" if self.path == STDIN else os.fsencode(self.path.name).decode(errors="replace")

    def head(self, limits: Limits) -> FileHead:
        """The first plain bytes in UTF-8, enough for a header. Raises `Refused` for what cannot be decompressed."""
        head, complete = bytearray(), True
        for piece in to_utf8(plain(self._peek(), limits=limits), self.options.encoding):
            head += piece
            if len(head) > MAX_HEADER_BYTES:
                complete = False
                break
        return FileHead(bytes(head[:MAX_HEADER_BYTES]), complete)

    @property
    def in_parts(self) -> bool:
        """Whether it is worth being sent in parts, of which only the lost ones are sent again."""
        return self.size is not None and self.size > MIN_IN_PARTS_BYTES

    def part(self, offset: int, size: int) -> bytes:
        """The bytes from `offset` on, up to `size` of them. Not together with `parts`, which reads the file once."""
        self._stream.seek(offset)
        return self._stream.read(size)

    def parts(self, passed: Callable[[int], None]) -> Iterator[bytes]:
        """The file's bytes, once; `passed` is called with the number of bytes of each part."""
        for part in chain(self._peeked, self._read()):
            passed(len(part))
            yield part

    def sampled_parts(self) -> Iterator[bytes]:
        """The file's bytes, which can be read again; of what cannot be rewound, such as a pipe, only the first."""
        if not self._stream.seekable():
            yield from chain(list(self._peeked), islice(self._peek(), PIPED_PARTS))
            return
        self._peeked.clear()
        self._stream.seek(0)
        try:
            yield from self._read()
        finally:
            self._stream.seek(0)

    def close(self) -> None:
        if self.path != STDIN:
            self._stream.close()

    def __enter__(self) -> UploadFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _peek(self) -> Iterator[bytes]:
        for part in self._read():
            self._peeked.append(part)
            yield part

    def _read(self) -> Iterator[bytes]:
        while part := self._stream.read(PART_BYTES):
            yield part


def _opened(path: Path) -> BinaryIO:
    if path == STDIN:
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise _unusable("file_not_found", path, "does not exist", "Check its name and folder.") from None
    except IsADirectoryError:
        raise _unusable("is_a_folder", path, "is a folder", "Use a file in it.") from None
    except PermissionError:
        raise _unusable(
            "file_not_readable", path, "cannot be read: permission denied", "Change its permissions."
        ) from None
    except OSError as error:
        raise _unusable("file_not_readable", path, f"cannot be opened: {error.strerror}", "Check the name.") from None


def _unusable(code: str, path: Path, what: str, hint: str) -> BadUsage:
    return BadUsage(refusal(code, f"{str(path)[:SHOWN_PATH]!r} {what}", hint).faults)
