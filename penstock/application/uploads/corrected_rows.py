"""The rows at the beginning of a corrected file, as checks of the whole file look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.application.uploads.checking import FileHead
from penstock.domain.errors import Refused
from penstock.domain.files.corrections import line_number
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import parse_header
from penstock.domain.files.rejects import LINE_COLUMN
from penstock.domain.files.rows import parse
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Plan


class CorrectedRows(NamedTuple):
    """`lines` are those of the file, `root_lines` those that the rows name, `cells` those of the asked columns that the
    file has."""

    lines: Sequence[int]
    root_lines: Sequence[int | None]
    cells: dict[str, Sequence[str]]


def corrected_rows(
    file: FileHead, plan: Plan, options: FileOptions, columns: Sequence[str], most_bytes: int
) -> CorrectedRows | None:
    """The readable rows in the first `most_bytes`, up to the last whole line. `plan` is that of the root, `options` say
    how the file is read. None if the header has faults: `Intake.accept` reports them."""
    try:
        header = parse_header(
            file.head,
            mapping=plan.mapping,
            limits=plan.limits,
            complete=file.complete,
            options=options.read_as(file.encoding),
        )
    except Refused:
        return None
    known = [name for name in dict.fromkeys((LINE_COLUMN, *columns)) if name in header.columns]
    places = {name: header.columns.index(name) for name in known}
    body = file.head[header.body_start :]
    if len(body) > most_bytes or not file.complete:
        body = body[: body.rfind(b"\n", 0, most_bytes) + 1]
    table = parse(
        body,
        tabular_format(header.file_format),
        first_line=header.first_line,
        header=header.names_in_file,
        used=list(places.values()),
        max_cell_bytes=plan.limits.cell_bytes,
    ).table
    cells = {name: table.columns[at] for name, at in places.items()}
    named = [line_number(cell) for cell in cells.pop(LINE_COLUMN, ())] or [None] * len(table.lines)
    return CorrectedRows(table.lines, named, cells)
