"""Rejects: rows that were not ingested, how they are kept, and the file in which a person gets them back.

The file has the format of the upload, in UTF-8: `penstock_line`, `penstock_reasons`, then the columns of the upload.
Corrected, it can be uploaded again as it is; the first two columns are then left out.

What differs from the original row, and why:

- Bytes that are not UTF-8, and NULs, become U+FFFD, so that the file is valid text for every reader. Such a row was
  rejected for them, and has to be fixed in any case.
- A cell that a spreadsheet would take for a formula gets an apostrophe in front. The characters are those of OWASP's
  "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection): = + - @, their full-width forms, tab and
  carriage return; also behind quotes and spaces, which spreadsheets drop, and after a lone carriage return within the
  cell, which they take for the end of a row. `restore_cell` undoes exactly this.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from penstock.domain.errors import Corrupt

REJECT_COLUMNS = ("penstock_line", "penstock_reasons")

_FORMULA = r"""(?=['" ]*[=+\-@＝＋－＠\t\r])"""
_BARE = re.compile(rf"(^|\r){_FORMULA}")
_NEUTRAL = re.compile(rf"(^|\r)'{_FORMULA}")
_LENGTH = struct.Struct(">I")


class Reject(msgspec.Struct, frozen=True, array_like=True):
    """One row that was not ingested.

    `line` is its number in the file, which counts the header as 1. A reason is a code, or `code:column` when one column
    is the cause. `row` is the original line without its line end.
    """

    line: int
    reasons: tuple[str, ...]
    row: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Reject)


def encode_rejects(rejects: Iterable[Reject]) -> bytes:
    """Each reject as MessagePack behind its length (u32, big-endian), so that encoded runs can be joined."""
    encoded = map(_encoder.encode, rejects)
    return b"".join(part for record in encoded for part in (_LENGTH.pack(len(record)), record))


def decode_rejects(encoded: bytes) -> Iterator[Reject]:
    """The rejects again, one by one. Raises `Corrupt`."""
    view = memoryview(encoded)
    while view:
        try:
            (length,) = _LENGTH.unpack_from(view)
            yield _decoder.decode(view[_LENGTH.size : _LENGTH.size + length])
        except (struct.error, msgspec.DecodeError):
            raise Corrupt("the stored rejects were cut or changed") from None
        view = view[_LENGTH.size + length :]


def reject_rows(
    header: Sequence[str], rejects: Iterable[Reject], cells_of: Callable[[str], Sequence[str]]
) -> Iterator[Sequence[str]]:
    """The rows of the reject file, its header first. `header` names the columns of the uploaded file, `cells_of` splits
    a row of it into cells.

    A row keeps the fields that it has, were they too few or too many. When the upload was itself a corrected reject
    file, its own first two columns give way to the new ones.
    """
    corrected = is_reject_header(header)
    own = len(REJECT_COLUMNS) if corrected else 0
    yield [*REJECT_COLUMNS, *map(neutralise_cell, header[own:])]
    for reject in rejects:
        cells = cells_of(reject.row.decode(errors="replace").replace("\0", "\ufffd"))[own:]
        if corrected:
            cells = [restore_cell(cell) for cell in cells]
        yield [str(reject.line), "; ".join(reject.reasons), *map(neutralise_cell, cells)]


def is_reject_header(columns: Sequence[str]) -> bool:
    """Whether a file with these columns is a corrected reject file."""
    return tuple(columns[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS


def neutralise_cell(cell: str) -> str:
    """`cell`, such that no spreadsheet takes it for a formula."""
    return _BARE.sub(r"\1'", cell)


def restore_cell(cell: str) -> str:
    """The cell that `neutralise_cell` was given."""
    return _NEUTRAL.sub(r"\1", cell)
