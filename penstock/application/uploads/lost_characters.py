"""Refuses a corrected file whose rows still have U+FFFD, which the reject file has in place of bytes that it could not
read: the name would be stored without its letters."""

from __future__ import annotations

import re

from penstock.application.uploads.checking import FileHead
from penstock.application.uploads.corrected_rows import CorrectedRows, corrected_rows
from penstock.domain.errors import Refused, refusal
from penstock.domain.files.rejects import LINE_COLUMN
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Plan

MAX_NAMED = 5  # rows
LOST = "\ufffd"
_LOST = re.compile(rb"\xef\xbf\xbd|\\u[fF]{3}[dD]")  # also as JSON may write it


def check_characters(file: FileHead, plan: Plan, options: FileOptions) -> None:
    """Raise `Refused` (characters_lost) for a corrected file. `plan` is that of its root, `options` say how the file is
    read. Only mapped columns are looked at, in the head of the file."""
    if not _LOST.search(file.head):
        return
    columns = [name for column in plan.mapping.columns for name in column.sources]
    rows = corrected_rows(file, plan, options, columns, len(file.head))
    if rows is None:
        return
    found = sorted({at for cells in rows.cells.values() for at, cell in enumerate(cells) if LOST in cell})
    if found:
        raise _refused(rows, found, plan.data_source)


def _refused(rows: CorrectedRows, found: list[int], data_source: str) -> Refused:
    named = [rows.root_lines[at] for at in found[:MAX_NAMED]]
    of_file = [rows.lines[at] for at in found[:MAX_NAMED]]
    listed = f"line {_list(of_file)} of the file" if None in named else f"{LINE_COLUMN} {_list(named)}"
    more = len(found) - len(named)
    which = listed + (f" and {more:,} more" if more else "")
    count = "1 row still has" if len(found) == 1 else f"{len(found):,} rows still have"
    return refusal(
        "characters_lost",
        f"{count} the sign {LOST} in place of characters that could not be read: {which}",
        "Write these characters again, or delete the rows from the file. If the original file is in another encoding "
        f"throughout, undo the request and ingest that file with its --encoding. If the sign is to be stored, ingest "
        f"the rows as a file of their own: penstock ingest FILE --source {data_source}",
    )


def _list(lines: list[int] | list[int | None]) -> str:
    return ", ".join(map(str, lines))
