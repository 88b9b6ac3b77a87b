"""A reject file as it comes: kept in a file, or taken apart for a machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from penstock.domain.rejects import REJECT_COLUMNS

OWNER_ONLY = 0o600  # the rows are customers' values, in the clear


def save(lines: Iterable[bytes], path: Path) -> int:
    """Write the file, readable by its owner only; returns how many rows it has besides its header."""
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with open(descriptor, "wb") as file:
        for count, line in enumerate(lines):  # noqa: B007 - the header is line 0
            file.write(line)
    return count


def as_records(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each reject with its line, its reasons and its row, as text."""
    return list(_records(lines))


def _records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines):
        if number:
            at, reasons, *row = line.decode().removesuffix("\n").split("\t", len(REJECT_COLUMNS))
            yield {"line": int(at), "reasons": reasons.split("; "), "row": "".join(row)}
