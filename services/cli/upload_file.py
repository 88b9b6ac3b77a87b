"""The file of a command: opened once, its head read for the checks, then streamed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from penstock.application.uploads.checking import FileHead
from penstock.client.sent_file import SentFile, name_of
from penstock.domain.errors import refusal
from penstock.domain.files.compression import plain
from penstock.domain.files.decoding import Decoding
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions
from penstock.domain.mapping.mapping import Limits
from services.cli.failures import SHOWN_PATH, BadUsage

PIPED_PARTS = 16  # of a pipe, which are kept in memory to be sent later
STDIN = Path("-")


class UploadFile(SentFile):
    """The file to upload, and how to read it: `options` may be set once its data source is known. Raises `BadUsage`
    when it cannot be opened."""

    def __init__(self, path: Path, options: FileOptions = FileOptions()) -> None:
        is_stdin = path == STDIN
        name = "stdin" if is_stdin else name_of(path)
        super().__init__(_opened(path), name, None if is_stdin else path)
        self.options = options

    def head(self, limits: Limits) -> FileHead:
        """The first plain bytes in UTF-8, enough for a header, whenever asked. Raises `Refused` for what cannot be
        decompressed."""
        head, complete = bytearray(), True
        file = chain(list(self._peeked), self._peek())
        decoding = Decoding(plain(file, limits=limits), self.options)
        for piece in decoding:
            head += piece
            if len(head) > MAX_HEADER_BYTES:
                complete = False
                break
        return FileHead(bytes(head[:MAX_HEADER_BYTES]), complete, decoding.options.encoding)

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
        if self.path is not None:
            super().close()

    def _peek(self) -> Iterator[bytes]:
        for part in self._read():
            self._peeked.append(part)
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
