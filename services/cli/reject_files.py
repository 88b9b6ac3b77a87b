"""A reject file as it comes: kept in a file, or taken apart for a machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from penstock.domain.errors import refusal
from penstock.domain.files.rejects import REJECT_COLUMNS
from services.cli.failures import SHOWN_PATH, BadUsage


def check_output(path: Path, *, force: bool) -> None:
    """Raises `BadUsage` for a file that is there already, since it may hold corrections, unless `force` says so."""
    if path.is_file() and not force:
        message = f"there is a file {str(path)[:SHOWN_PATH]!r} already, which may hold your corrections"
        raise BadUsage(refusal("file_exists", message, "Name another file, or overwrite it with --force.").faults)


def save(lines: Iterable[bytes], path: Path) -> int:
    """Write the file, readable by its owner only; returns how many rows it has besides its header.

    A file that is there stays as it is until the new one is whole. The rows are customers' values, in the clear.
    """
    if path.exists() and not path.is_file():  # such as /dev/stdout
        with path.open("wb") as device:
            return _write(lines, device)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            rows = _write(lines, file)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    return rows


def _write(lines: Iterable[bytes], file: Any) -> int:
    count = 0
    for count, line in enumerate(lines):  # noqa: B007 - the header is line 0
        file.write(line)
    file.flush()
    return count


def as_records(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each reject with its line, its reasons and its row, as text."""
    return list(_records(lines))


def _records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines):
        if number:
            at, reasons, *row = line.decode().removesuffix("\n").split("\t", len(REJECT_COLUMNS))
            yield {"line": int(at), "reasons": reasons.split("; "), "row": "".join(row)}
