"""The first rows of a file: a sample of them, and the regions that they show.

The sample has cells as they are in the file and as they would be stored; of personal ones only the first letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from penstock.domain.files.rows import parse
from penstock.domain.ingestion.layout import Layout
from penstock.domain.mapping.attributes import ValueType
from penstock.domain.mapping.coercion import Value
from penstock.domain.mapping.mapping import Limits
from penstock.domain.suggestions.phones import seen_codes
from penstock.domain.suggestions.places import Places, find_places
from penstock.domain.suggestions.sample import MAX_SAMPLE_ROWS, Cells

SAMPLE_CELLS = 3  # of each column
MIN_SHOWN = 3  # letters of a value of which the first is shown
MAX_STARS = 11
MAX_TEXT = 40  # characters
NO_PLACES = Places(Counter(), None, {})


class SampleCell(NamedTuple):
    """`after` is None for a cell that does not fit, and "" for a blank one."""

    before: str
    after: str | None


class FirstRows(NamedTuple):
    """`sample` has the first cells that are not blank, of each mapped column by its attribute."""

    sample: Mapping[str, Sequence[SampleCell]]
    places: Places


def first_rows(body: bytes, layout: Layout, limits: Limits, *, first_line: int) -> FirstRows:
    """The checked first rows of a file, given its first chunk."""
    table, _ = parse(
        body,
        layout.file_format,
        first_line=first_line,
        header=layout.header,
        used=layout.used,
        max_cell_bytes=limits.cell_bytes,
    )
    rows = min(len(table.lines), MAX_SAMPLE_ROWS)
    columns = layout.restored([cells[:rows] for cells in table.columns])
    return FirstRows(_sample(columns, rows, layout), _places(columns, rows, layout))


def _sample(columns: Sequence[Sequence[str]], rows: int, layout: Layout) -> dict[str, list[SampleCell]]:
    found = {}
    for column in layout.columns:
        text_of = masked if column.personal else _text
        found_cells = column.source(columns, rows)
        cells = [cell or found_cells.blanked.get(at, "") for at, cell in enumerate(found_cells.cells)]
        values, errors = column.coerced(column.prepared(columns, rows).cells, columns)
        places = islice((at for at, cell in enumerate(cells) if cell.strip()), SAMPLE_CELLS)
        found[column.attribute.name] = [
            SampleCell(text_of(cells[at]), None if at in errors else text_of(values[at])) for at in places
        ]
    return found


def _places(columns: Sequence[Sequence[str]], rows: int, layout: Layout) -> Places:
    """The regions of the customers; phone numbers with a country code show some as well."""
    phones = [column for column in layout.columns if column.attribute.format.kind is ValueType.PHONE]
    if not phones:
        return NO_PLACES
    found = find_places([Cells(layout.header[at], columns[at]) for at in sorted(layout.used)])
    codes = [seen_codes(Cells(column.label, column.source(columns, rows).cells)) for column in phones]
    return found._replace(regions=sum(codes, found.regions))


def masked(value: Value | None) -> str:
    """The first letter and stars, so that the form shows and the value does not; of one or two letters only stars."""
    text = _text(value)
    head = text[: len(text) >= MIN_SHOWN]
    return head + "*" * min(len(text) - len(head), MAX_STARS)


def _text(value: Value | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()[:MAX_TEXT]
