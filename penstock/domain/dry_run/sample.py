"""A masked sample: cells as they are in the file and as they would be stored, of which only the first letter shows."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from penstock.domain.files.rows import parse
from penstock.domain.ingestion.layout import Layout
from penstock.domain.mapping.coercion import Value
from penstock.domain.mapping.mapping import Limits

SAMPLE_CELLS = 3  # of each column
MAX_STARS = 11


class SampleCell(NamedTuple):
    """`after` is None for a cell that does not fit, and "" for a blank one."""

    before: str
    after: str | None


def sample(body: bytes, layout: Layout, limits: Limits, *, first_line: int) -> dict[str, list[SampleCell]]:
    """The first cells that are not blank, of each mapped column by its attribute, from one chunk of the file."""
    table, _ = parse(
        body,
        layout.file_format,
        first_line=first_line,
        header=layout.header,
        used=layout.used,
        max_cell_bytes=limits.cell_bytes,
    )
    columns = layout.restored(table.columns)
    found = {}
    for column in layout.columns:
        cells = column.cells(columns, len(table.lines))
        values, errors = column.coerced(column.prepared(columns, len(table.lines)), columns)
        places = islice((at for at, cell in enumerate(cells) if cell.strip()), SAMPLE_CELLS)
        found[column.attribute.name] = [
            SampleCell(masked(cells[at]), None if at in errors else masked(values[at])) for at in places
        ]
    return found


def masked(value: Value | None) -> str:
    """The first letter and stars, so that the form shows and the value does not."""
    text = "" if value is None else str(value).strip()
    return text[:1] + "*" * min(len(text) - 1, MAX_STARS)
