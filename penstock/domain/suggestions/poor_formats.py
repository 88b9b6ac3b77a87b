"""Columns whose format most cells do not fit: a mistake in the mapping, not in the file."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.sample import Cells, Sample

MIN_CELLS = 5
FEW = 0.5  # share of the cells


def poor_formats(sample: Sample, columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[Fault]:
    """A warning for each column of which fewer than half of the sample's cells fit its format. `attributes` are those
    of `columns`, in the same order. A format with another column in it is not tried."""
    at, formats = {name: place for place, name in enumerate(sample.names)}, Formats()
    found = []
    for position, (column, attribute) in enumerate(zip(columns, attributes, strict=True), 1):
        format = column.format or attribute.format
        if column.column not in at or column.split is not None or format.kind is ValueType.TEXT:
            continue
        if format.region_column is not None:
            continue
        cells = Cells(column.column, sample.columns[at[column.column]]).without(column.blanks).replaced(column.values)
        fit = formats.fit(str(format), cells)
        if fit and cells.filled >= MIN_CELLS and fit.share < FEW:
            found.append(
                Fault(
                    code="few_cells_fit",
                    message=f"only {fit.count:,} of the first {cells.filled:,} cells of the column {column.label!r}"
                    f" fit {format}",
                    hint="Give the column the format in which its cells are written: `penstock inspect` suggests one.",
                    column=column.label,
                    position=position,
                )
            )
    return found
