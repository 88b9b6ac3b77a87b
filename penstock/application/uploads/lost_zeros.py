"""Refuses a corrected file whose spreadsheet took identifiers for numbers: 000879 came back as 879, another person.

The first rows of the file are compared with the rows that they correct. Numbers have the same value without the zeros,
so only the columns of other formats count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from penstock.application.uploads.checking import FileHead
from penstock.application.uploads.corrected_rows import CorrectedRows, corrected_rows
from penstock.application.uploads.warnings import SAMPLED_BYTES
from penstock.domain.errors import Refused, refusal
from penstock.domain.files.header_faults import printable_name
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import ValueType
from penstock.domain.mapping.mapping import Plan

MAX_NAMED = 5  # columns
_NUMBERS = frozenset({ValueType.INTEGER, ValueType.DECIMAL})

Originals = Callable[[Collection[int]], Mapping[int, Mapping[str, str]]]  # of lines of the root, the cells by columns


class _Found(NamedTuple):
    """The columns in which a compared row lost zeros, and the number of such rows."""

    columns: Sequence[str]
    lost: int
    compared: int


def check_leading_zeros(file: FileHead, plan: Plan, options: FileOptions, originals: Originals) -> None:
    """Raise `Refused` (leading_zeros_lost) for a corrected file. `plan` is that of its root, `options` say how the file
    is read. A file whose header has faults is not compared: `Intake.accept` reports them."""
    columns = _columns(plan)
    rows = corrected_rows(file, plan, options, columns, SAMPLED_BYTES) if columns else None
    if rows is None or not rows.cells:
        return
    found = _compared(rows, [name for name in columns if name in rows.cells], originals)
    if found.lost:
        raise _refused(found, plan.data_source)


def loses_zeros(original: str, corrected: str) -> bool:
    """Whether a cell of digits has come back without its leading zeros."""
    is_padded = len(original) > 1 and original[0] == "0" and original.isascii() and original.isdigit()
    return is_padded and corrected == (original.lstrip("0") or "0")


def _columns(plan: Plan) -> list[str]:
    """The columns of the file that feed attributes, in the order of the mapping, unless as numbers."""
    pairs = zip(plan.mapping.columns, plan.attributes, strict=True)
    used = [column for column, attribute in pairs if (column.format or attribute.format).kind not in _NUMBERS]
    return list(dict.fromkeys(name for column in used for name in column.sources))


def _compared(rows: CorrectedRows, columns: Sequence[str], originals: Originals) -> _Found:
    lines, cells = rows.root_lines, rows.cells
    before = originals(frozenset(line for line in lines if line is not None))
    pairs = [(at, before[line]) for at, line in enumerate(lines) if line is not None and line in before]
    losing = [
        {name for name in columns if loses_zeros(original.get(name, ""), cells[name][at])} for at, original in pairs
    ]
    lost = frozenset[str]().union(*losing)
    return _Found([name for name in columns if name in lost], sum(map(bool, losing)), len(pairs))


def _refused(found: _Found, data_source: str) -> Refused:
    named = [repr(printable_name(name) or "") for name in found.columns[:MAX_NAMED]]
    more = len(found.columns) - len(named)
    listed = ", ".join(named) + (f" and {more:,} more" if more else "")
    column = "column" if len(found.columns) == 1 else "columns"
    rows = f"{found.lost:,} of {found.compared:,} {'row' if found.compared == 1 else 'rows'}"
    return refusal(
        "leading_zeros_lost",
        f"cells of the {column} {listed} have lost their leading zeros in {rows} that were compared with the rows that "
        "they correct",
        f"Let the spreadsheet open the {column} as text, and correct the downloaded file again; or correct the rows in "
        "the console. If the zeros are to go, ingest the file as one of its own: "
        f"penstock ingest FILE --source {data_source}",
    )
