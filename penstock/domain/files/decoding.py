"""A file's bytes as UTF-8, in the encoding that was declared, or else in that of its data source.

A declared encoding holds, and a file that is UTF-8 all the same is refused. An inherited one is only what the files of
a data source usually have: it does not hold for a file whose bytes show that it is UTF-8, or another Unicode encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from penstock.domain.files.encodings import checked_encoding, shows_unicode, to_utf8
from penstock.domain.files.tabular_format import FileOptions

START_BYTES = 1_024  # that tell UTF-16 and UTF-32 from text in ASCII
CHECKED_BYTES = 64 * 1024  # from the first bytes beyond ASCII on, which tell UTF-8 from other encodings


class Decoding:
    """The plain bytes of a file as UTF-8. `options` have the encoding in which it is read, once it is read.

    Raises as `to_utf8` does.
    """

    def __init__(self, parts: Iterable[bytes], options: FileOptions) -> None:
        self._parts = iter(parts)
        self.options = options

    def __iter__(self) -> Iterator[bytes]:
        inherited = self.options.encoding if self.options.inherits_encoding else None
        if inherited is None:
            yield from to_utf8(self._parts, self.options.encoding)
            return
        checked_encoding(inherited)
        start = self._gathered(b"", START_BYTES)
        while start and start.isascii() and b"\0" not in start:  # the same in UTF-8
            yield start
            start = next(self._parts, b"") or self._gathered(b"", 1)
        checked = self._gathered(start, CHECKED_BYTES)
        if shows_unicode(checked, inherited):
            self.options = self.options.read_as(None)
        yield from to_utf8(chain([checked], self._parts), self.options.encoding)

    def _gathered(self, start: bytes, size: int) -> bytes:
        """`start` and the next bytes, at least `size` of them unless the file ends."""
        gathered = bytearray(start)
        while len(gathered) < size and (part := next(self._parts, None)) is not None:
            gathered += part
        return bytes(gathered)
