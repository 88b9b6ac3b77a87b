"""The text of an inspected file, even if its encoding was not declared."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from penstock.domain.errors import Refused
from penstock.domain.files.encodings import detect_encoding, shows_unicode, to_utf8
from penstock.domain.files.other_formats import is_other_format
from penstock.domain.files.tabular_format import MAX_HEADER_BYTES, FileOptions


class Decoded:
    """A file's plain bytes as UTF-8. `options` have the declared encoding; or else, once the bytes are read, the
    inherited one unless they show Unicode, or that which they show, or None. Raises what reading the file raises, after
    the bytes before it. `partial`: more bytes are to come."""

    def __init__(self, pieces: Iterable[bytes], options: FileOptions, *, partial: bool = False) -> None:
        self._pieces, self._partial = iter(pieces), partial
        self.options = options

    def __iter__(self) -> Iterator[bytes]:
        declared = self.options.encoding is not None and not self.options.inherits_encoding
        pieces = self._pieces if declared else self._detected()
        yield from to_utf8(pieces, self.options.encoding)

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
        inherited = self.options.encoding
        if inherited is None or shows_unicode(start, inherited):
            self.options = self.options.read_as(self._detected_encoding(start, complete=complete and not self._partial))
        return chain([start], self._pieces if failed is None else _raised(failed))

    def _detected_encoding(self, start: bytes, *, complete: bool) -> str | None:
        if start.startswith(codecs.BOM_UTF8) or is_other_format(start):
            return None
        return detect_encoding(start[:MAX_HEADER_BYTES], complete=complete)


def _raised(error: Refused) -> Iterator[bytes]:
    yield b""
    raise error
