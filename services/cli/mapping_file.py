"""A mapping in a file, as `penstock mapping show --json` prints it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from penstock.application.catalog.column_specs import ColumnSpec, MappingSpec
from penstock.domain.errors import Refused, refusal
from services.cli.decoding import decode_json
from services.cli.failures import BadUsage

STDIN = Path("-")
MAX_BYTES = 1 << 20  # the API's limit


def columns_of_file(file: Path) -> Sequence[ColumnSpec]:
    """The columns of the mapping in `file`; - is standard input. Raises `BadUsage`, OSError."""
    where = "standard input" if file == STDIN else repr(str(file))
    try:
        return decode_json(_read(file, where), MappingSpec, where).columns
    except Refused as refused:
        raise BadUsage(refused.faults) from None


def _read(file: Path, where: str) -> bytes:
    if file == STDIN:
        text = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise refusal("mapping_too_large", f"{where} has more than {MAX_BYTES:,} bytes", "Check that it is a mapping.")
    return text
