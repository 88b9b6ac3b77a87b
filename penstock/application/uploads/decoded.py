"""The text of an inspected file, even if its encoding was not declared."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from penstock.domain.errors import Refused
from penstock.domain.files.encodings import detect_encoding, to_utf8
from penstock.domain.files.other_formats import is_other_format
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES


class Decoded:
    """A file's plain bytes as UTF-8. `encoding` is the declared one; or else, once the bytes are read, that which they
    show, or None. Raises what reading the file raises, after the bytes before it. `partial`: more bytes are to come."""

    def __init__(self, pieces: Iterable[bytes], encoding: str | None, *, partial: bool = False) -> None:
        self._pieces, self._partial = iter(pieces), partial
        self.encoding = encoding

    def __iter__(self) -> Iterator[bytes]:
        pieces = self._pieces if self.encoding else self._detected()
        yield from to_utf8(pieces, self.encoding)

    def _detected(self) -> Iterator[bytes]:
        head, complete, failed = bytearray(), False, None
        try:
            while len(head) < MAX_HEADER_BYTES and not complete:
                piece = next(self._pieces, None)
                head += piece or b""
                complete = piece is None
        except Refused as refused:
            failed = refused
        start = bytes(head)
        if not (start.startswith(codecs.BOM_UTF8) or is_other_format(start)):
            self.encoding = detect_encoding(start[:MAX_HEADER_BYTES], complete=complete and not self._partial)
        return chain([start], self._pieces if failed is None else _raised(failed))


def _raised(error: Refused) -> Iterator[bytes]:
    yield b""
    raise error
