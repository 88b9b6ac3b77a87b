"""Rejects: rows that were not ingested, how they are stored, and the reject file that users download.

The file has the format of the upload, in UTF-8: `penstock_line`, `penstock_reasons`, then the columns of the upload.
Users correct it and upload it again; the first two columns are then ignored.

How a row differs from the original, and why:

- Bytes that are not UTF-8, and NULs, become U+FFFD, so that the file is valid text for every reader. The row was
  rejected because of them, so a user has to fix it in any case.
- A cell that a spreadsheet would treat as a formula gets a leading apostrophe. The characters are those of OWASP's
  "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection): = + - @, their full-width forms, tab and
  carriage return; also after quotes and spaces, which spreadsheets drop, and after a lone carriage return within the
  cell, which they treat as the end of a row. `restore_cell` undoes exactly this.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from penstock.domain.errors import Corrupt

REJECT_COLUMNS = ("penstock_line", "penstock_reasons")

_FORMULA = r"""(?=['" ]*[=+\-@＝＋－＠\t\r])"""
_FORMULA_CELL = re.compile(rf"(^|\r){_FORMULA}")
_NEUTRALISED_CELL = re.compile(rf"(^|\r)'{_FORMULA}")
_LENGTH = struct.Struct(">I")


class Reject(msgspec.Struct, frozen=True, array_like=True):
    """One row that was not ingested.

    `line` is its line number in the file; the header is line 1. A reason is a code, or `code:column` when a column is
    the cause. `row` is the original line without its line end.
    """

    line: int
    reasons: tuple[str, ...]
    row: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Reject)


def encode_rejects(rejects: Iterable[Reject]) -> bytes:
    """Each reject as MessagePack after its length (u32, big-endian), so that encoded rejects can be concatenated."""
    encoded = map(_encoder.encode, rejects)
    return b"".join(part for record in encoded for part in (_LENGTH.pack(len(record)), record))


def decode_rejects(encoded: bytes) -> Iterator[Reject]:
    """The inverse of `encode_rejects`, one reject at a time. Raises `Corrupt`."""
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
    """The rows of the reject file, its header first. `header` names the columns of the uploaded file; `cells_of` splits
    one of its rows into cells.

    A row keeps its cells even when it has too few or too many. When the upload was a corrected reject file itself, the
    new first two columns replace its own.
    """
    corrected = is_reject_header(header)
    skipped = len(REJECT_COLUMNS) if corrected else 0
    yield [*REJECT_COLUMNS, *map(neutralise_cell, header[skipped:])]
    for reject in rejects:
        cells = cells_of(reject.row.decode(errors="replace").replace("\0", "\ufffd"))[skipped:]
        if corrected:
            cells = [restore_cell(cell) for cell in cells]
        yield [str(reject.line), "; ".join(reject.reasons), *map(neutralise_cell, cells)]


def is_reject_header(columns: Sequence[str]) -> bool:
    """Whether a file with these columns is a corrected reject file."""
    return tuple(columns[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS


def neutralise_cell(cell: str) -> str:
    """`cell`, changed so that no spreadsheet treats it as a formula."""
    return _FORMULA_CELL.sub(r"\1'", cell)


def restore_cell(cell: str) -> str:
    """The inverse of `neutralise_cell`."""
    return _NEUTRALISED_CELL.sub(r"\1", cell)
