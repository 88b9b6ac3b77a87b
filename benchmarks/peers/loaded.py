"""The result of a peer's load of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Measured


class LoadError(Exception):
    """The peer did not insert every row of the file, so its figures are not valid."""


@dataclass(frozen=True)
class Report:
    """The peer's own report at its end. `rows_per_second` excludes its start, but includes its warm-up."""

    inserted: int
    failed: int
    rows_per_second: float


@dataclass(frozen=True)
class Loaded:
    """`rows_per_second_steady` is the peer's own figure, `rows_per_second_wall` that of the whole command."""

    rows: int
    rows_per_second_wall: float
    rows_per_second_steady: float
    measured: Measured


def evaluate(peer: str, file: Path, measured: Measured, report: Report | None) -> Loaded:
    """`report` is None when the peer ended without one. Raises `LoadError` unless it inserted every row of `file`."""
    if report is None:
        last = (measured.stderr or measured.stdout).strip().splitlines()[-1:]
        raise LoadError(f"{peer} ended with exit code {measured.returncode} and without a report: {' '.join(last)}")
    rows = _rows(file)
    if measured.returncode or report.failed or report.inserted != rows:
        raise LoadError(
            f"{peer} inserted {report.inserted} of the {rows} rows of {file.name}, says that {report.failed} failed,"
            f" and ended with exit code {measured.returncode}: the file and the table must fit together."
        )
    return Loaded(rows, rows / measured.wall_seconds, report.rows_per_second, measured)


def _rows(file: Path) -> int:
    """Lines after the header; none of the sample's cells spans lines."""
    with file.open("rb") as lines:
        return sum(1 for _ in lines) - 1
