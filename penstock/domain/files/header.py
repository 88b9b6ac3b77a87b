"""The header of a file of any format: parsed and validated, or refused with every fault at once.

Inspection, acceptance and the workers all use it. The rules are in `column_names.py` and
`mapped_columns.py`; `header_faults.py` decides what an error may reveal.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence

import msgspec

from penstock.domain.errors import Fault, Refused, collecting, refusal
from penstock.domain.files.clean_names import clean_names
from penstock.domain.files.column_names import SPACES, validate_names
from penstock.domain.files.encodings import detect_encoding, not_utf8, to_utf8
from penstock.domain.files.formats import detect_format, tabular_format, text_start
from penstock.domain.files.header_faults import bounded, with_names
from penstock.domain.files.json_keys import separator_of
from penstock.domain.files.later_headers import header_below_title
from penstock.domain.files.mapped_columns import columns_of_later_rows, validate_mapped_columns
from penstock.domain.files.other_formats import SAVE_AS_UTF8, refuse_other_formats
from penstock.domain.files.rejects import is_reject_header, restore_cell
from penstock.domain.files.tabular_format import FileFormat, FileOptions
from penstock.domain.mapping.mapping import Limits, Mapping

TITLED_BYTES = 64 * 1024  # of a file, in which the header may stand below a title
OR_CLEAN_HEADERS = " Or add --clean-headers (over HTTP: clean_headers)."


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A valid header. `columns` are the names for the mapping, `names_in_file` as the file has them.

    `body_start` is the offset of the first row, `first_line` its line number. `later_columns` are those of the mapping
    that no first row has, in a format whose rows name their columns. `corrected_rejects`: the file is a
    corrected reject file; columns in `REJECT_COLUMNS` are Penstock's and its cells need `restore_cell`.
    """

    file_format: FileFormat
    columns: tuple[str, ...]
    names_in_file: tuple[str, ...]
    body_start: int
    first_line: int
    corrected_rejects: bool
    later_columns: tuple[str, ...] = ()

    @property
    def renamed(self) -> dict[str, str]:
        """The new names by those in the file; empty unless names were cleaned."""
        pairs = zip(self.names_in_file, self.columns, strict=True)
        return {} if self.corrected_rejects else {name: new for name, new in pairs if name != new}


def parse_header(
    head: bytes,
    *,
    mapping: Mapping | None,
    limits: Limits,
    complete: bool,
    file_format: FileFormat | None = None,
    options: FileOptions = FileOptions(),
) -> Header:
    """The header of a file, from its first `MAX_HEADER_BYTES` plain bytes, or from all of it (`complete`), in UTF-8.

    The format is detected unless a plan already has it (`file_format`). Without a mapping (inspection), only the
    header itself is checked. A header in an undeclared encoding is checked in that which it shows. Raises `Refused`
    with every fault at once.
    """
    refuse_other_formats(head)
    encoding = detect_encoding(head, complete=complete) if options.encoding is None else None
    if encoding is not None:
        faults = list(not_utf8(encoding).faults)
        with collecting(faults):
            text, read_as = _transcoded(head, encoding), options.read_as(encoding)
            parse_header(text, mapping=mapping, limits=limits, complete=complete, options=read_as)
        raise Refused(bounded(faults), code=faults[0].code)
    start = text_start(head)
    if complete and not head[start:].strip():
        raise refusal("empty_file", "the file is empty", "Upload a file with a header line and at least one row.")
    chosen = file_format or detect_format(head, quoted=bool(options.quoted))
    raw_header = tabular_format(chosen).read_header(head, start, max_columns=limits.columns, complete=complete)
    if raw_header.faults:
        raise Refused(list(raw_header.faults))
    names, faults = _decoded(raw_header.cells)
    if file_format is None and not tabular_format(chosen).names_every_row:
        below = header_below_title(head[start : start + TITLED_BYTES].decode(errors="replace"), len(names))
        if below:
            raise Refused([below])
    corrected = options.corrected or is_reject_header(names)
    columns = [restore_cell(name) for name in names] if corrected else names
    if options.clean_headers:
        columns = clean_names(columns, corrected=corrected)
    faults += [_with_option(fault) for fault in validate_names(columns, corrected=corrected)]
    later: list[str] = []
    if raw_header.total > limits.columns:
        faults.insert(0, _too_many_columns(raw_header.total, limits))
    elif mapping is not None:
        bare = [name.strip(SPACES) for name in columns]
        if tabular_format(chosen).names_every_row:
            later = columns_of_later_rows(mapping, bare)
            dialect = chosen.dialect or separator_of(later, bare)
            chosen = msgspec.structs.replace(chosen, dialect=dialect)
        faults += validate_mapped_columns(mapping, [*bare, *later])
    if faults:
        raise Refused(bounded(with_names(faults, columns, mapping)))
    return Header(
        file_format=chosen,
        columns=(*columns, *later),
        names_in_file=(*names, *later),
        body_start=raw_header.body_start,
        first_line=raw_header.first_line,
        corrected_rejects=corrected,
        later_columns=tuple(later),
    )


def no_rows() -> Refused:
    """The error for a file with a header and no rows; only a reader of the body can raise it."""
    return refusal("no_rows", "the file has a header but no rows", "Upload a file with at least one row.")


def _transcoded(head: bytes, encoding: str) -> bytes:
    """Without a byte-order mark of UTF-8, which would contradict the encoding of the rows."""
    return b"".join(to_utf8([head.removeprefix(BOM_UTF8)], encoding))


def _decoded(cells: Sequence[bytes]) -> tuple[list[str], list[Fault]]:
    columns, faults = [], []
    for position, cell in enumerate(cells, 1):
        try:
            columns.append(cell.decode())
        except UnicodeDecodeError:
            columns.append(cell.decode(errors="replace"))
            message = f"the name of column {position} is not UTF-8"
            faults.append(Fault(code="not_utf8", message=message, hint=SAVE_AS_UTF8, position=position))
    return columns, faults


def _with_option(fault: Fault) -> Fault:
    return msgspec.structs.replace(fault, hint=fault.hint + OR_CLEAN_HEADERS)


def _too_many_columns(count: int, limits: Limits) -> Fault:
    return Fault(
        code="too_many_columns",
        message=f"the header has {count:,} columns; {limits.columns:,} are allowed",
        hint="Remove columns that are not needed, or ask an operator to raise the limit `columns`.",
    )
