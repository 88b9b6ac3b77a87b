"""Rejects: rows that were not ingested, how they are stored, and the reject file that users download.

The file has the format of the upload, in UTF-8: `penstock_line`, `penstock_reasons`, then the columns of the upload.
Users correct it and resubmit it as a child of its request, or upload it as any other file; the two columns are not
mapped. The rejects of a child have the lines of its root: those of its own column `penstock_line`.

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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

import msgspec

from penstock.domain.errors import Corrupt

_SUFFIXES = (".csv", ".ndjson", ".jsonl", ".txt")
_ID_CHARACTERS = 6  # of the end of a request's id, which is random
LINE_COLUMN = "penstock_line"
REJECT_COLUMNS = (LINE_COLUMN, "penstock_reasons")
UNKNOWN_LINE = "?"  # in the rejects of a child without the column

_FORMULA = r"""(?=['" ]*[=+\-@＝＋－＠\t\r])"""
_FORMULA_CELL = re.compile(rf"(^|\r){_FORMULA}")
_NEUTRALISED_CELL = re.compile(rf"(^|\r)'{_FORMULA}")
_LENGTH = struct.Struct(">I")


class Reject(msgspec.Struct, frozen=True, array_like=True):
    """One row that was not ingested.

    `line` is its line number in the file; the header is line 1. A reason is a code, or `code:column` when a column is
    the cause. `row` is the original line without its line end. `left_out` are the reasons for cells that the row would
    lose without them.
    """

    line: int
    reasons: tuple[str, ...]
    row: bytes
    left_out: tuple[str, ...] = ()


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


class RejectedFile(NamedTuple):
    """A file whose rejects are written. `columns` names its columns as the reject file does, `names_in_file` as the
    file does. `corrected`: it is a corrected reject file itself, whose cells were neutralised; `is_child`: its rows
    have the lines of its root."""

    columns: Sequence[str]
    names_in_file: Sequence[str]
    corrected: bool = False
    is_child: bool = False

    def line(self, reject: Reject, own_line: str | None) -> str:
        """The line of a reject; `own_line` is the cell of its row in the column `penstock_line`, None without one."""
        if not self.is_child:
            return str(reject.line)
        return UNKNOWN_LINE if LINE_COLUMN not in self.columns else neutralise_cell(own_line or "")


def reject_rows(
    file: RejectedFile, rejects: Iterable[Reject], cells_of: Callable[[str], Sequence[str]]
) -> Iterator[Sequence[str]]:
    """The rows of the reject file, its header first. `cells_of` splits one row of the uploaded file into cells.

    A row keeps its cells even when it has too few or too many. When the upload was a corrected reject file itself, the
    new first two columns replace its own.
    """
    replaced = {at for at, name in enumerate(file.columns) if file.corrected and name in REJECT_COLUMNS}
    at_line = file.columns.index(LINE_COLUMN) if file.corrected and LINE_COLUMN in file.columns else len(file.columns)
    yield [*REJECT_COLUMNS, *map(neutralise_cell, _without(file.columns, replaced))]
    for reject in rejects:
        cells = cells_of(reject.row.decode(errors="replace").replace("\0", "\ufffd"))
        line = file.line(reject, cells[at_line] if at_line < len(cells) else None)
        if file.corrected:
            cells = [restore_cell(cell) for cell in _without(cells, replaced)]
        yield [line, neutralise_cell("; ".join(reject.reasons)), *map(neutralise_cell, cells)]


def _without(cells: Sequence[str], places: Collection[int]) -> list[str]:
    return [cell for at, cell in enumerate(cells) if at not in places]


def is_reject_header(columns: Sequence[str]) -> bool:
    """Whether a file with these columns, in any order, is a corrected reject file."""
    return set(REJECT_COLUMNS) <= set(columns)


def reject_file_name(file_name: str, request_id: str) -> str:
    """A name for the reject file of a request: with the format of its file, and unlike that of another request, whose
    file may hold corrections."""
    return f"rejects-{_name_end(file_name, request_id)}"


def dropped_file_name(file_name: str, request_id: str) -> str:
    """As `reject_file_name`, for the rows with dropped cells."""
    return f"dropped-{_name_end(file_name, request_id)}"


def _name_end(file_name: str, request_id: str) -> str:
    suffix = PurePath(file_name.removesuffix(".gz").removesuffix(".zst")).suffix.lower()
    return f"{request_id[-_ID_CHARACTERS:]}{suffix if suffix in _SUFFIXES else '.tsv'}"


def neutralise_cell(cell: str) -> str:
    """`cell`, changed so that no spreadsheet treats it as a formula."""
    return _FORMULA_CELL.sub(r"\1'", cell)


def restore_cell(cell: str) -> str:
    """The inverse of `neutralise_cell`."""
    return _NEUTRALISED_CELL.sub(r"\1", cell)
