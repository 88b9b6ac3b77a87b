"""Lines of the CSV files that pages export; a spreadsheet computes nothing in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from penstock.domain.files.rejects import neutralise_cell


def csv_line(cells: Iterable[object]) -> str:
    """None is an empty cell."""
    text = io.StringIO()
    written = [neutralise_cell("" if cell is None else str(cell)) for cell in cells]
    csv.writer(text, lineterminator="\r\n").writerow(written)
    return text.getvalue()
