"""A file on its way to a server: read once from its beginning, or in parts from any offset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

PART_BYTES = 256 * 1024
MIN_IN_PARTS_BYTES = 1_000_000  # a smaller file is sent in one call


class SentFile:
    """`path` is None for a stream that cannot be opened again; `size` is None if it is not known."""

    def __init__(self, stream: BinaryIO, name: str, path: Path | None = None) -> None:
        self._stream, self.name, self.path = stream, name, path
        self._peeked: list[bytes] = []
        self.size = path.stat().st_size if path is not None and path.is_file() else None

    @classmethod
    def open(cls, path: Path) -> SentFile:
        """Raises `OSError`."""
        return SentFile(path.open("rb"), name_of(path), path)

    @property
    def in_parts(self) -> bool:
        """Whether it is worth being sent in parts, of which only the lost ones are sent again."""
        return self.size is not None and self.size > MIN_IN_PARTS_BYTES

    def part(self, offset: int, size: int) -> bytes:
        """The bytes from `offset` on, up to `size` of them. Not together with `parts`, which reads the file once."""
        self._stream.seek(offset)
        return self._stream.read(size)

    def parts(self, passed: Callable[[int], object]) -> Iterator[bytes]:
        """The file's bytes, once; `passed` is called with the number of bytes of each part."""
        for part in chain(self._peeked, self._read()):
            passed(len(part))
            yield part

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self) -> Iterator[bytes]:
        while part := self._stream.read(PART_BYTES):
            yield part


def name_of(path: Path) -> str:
    """As UTF-8: a file's name may be any bytes, and invalid ones become U+FFFD."""
    return os.fsencode(path.name).decode(errors="replace")
