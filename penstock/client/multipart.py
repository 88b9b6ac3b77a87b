"""The form in which a file is sent in one call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Any


class Form:
    """A multipart body with the options first, so that the server can check them before the file arrives."""

    def __init__(self, options: dict[str, Any], file: Iterable[bytes]) -> None:
        self._options, self._file, self._boundary = options, file, secrets.token_hex(16)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def __iter__(self) -> Iterator[bytes]:
        line = b"--" + self._boundary.encode()
        disposition = b'\r\nContent-Disposition: form-data; name="'
        yield line + disposition + b'request"\r\nContent-Type: application/json\r\n\r\n'
        yield json.dumps(self._options).encode() + b"\r\n"
        yield line + disposition + b'file"; filename="file"\r\n'
        yield b"Content-Type: application/octet-stream\r\n\r\n"
        yield from self._file
        yield b"\r\n" + line + b"--\r\n"
