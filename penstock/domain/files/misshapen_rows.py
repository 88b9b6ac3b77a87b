"""Rows that do not have a cell for each column: a few are faults of single rows, many are a sign that the file is read
in a wrong way."""

from __future__ import annotations

from penstock.domain.errors import Fault

MIN_MANY = 5
MIN_SHARE = 0.01


def are_many(misshapen: int, rows: int) -> bool:
    """Whether so many of the rows are more than a few."""
    return misshapen >= max(MIN_MANY, rows * MIN_SHARE)


def misshapen_rows(misshapen: int, rows: int) -> Fault:
    """The warning about a sample of so many rows."""
    return Fault(
        code="misshapen_rows",
        message=f"{misshapen:,} of {rows:,} sampled rows have more or fewer fields than the header, or a quote that is "
        "not closed: such rows are rejected",
        hint="Look at some of them (penstock rejects, once the file is ingested). If cells hold line breaks or the "
        "delimiter, the program that wrote the file has to put them in double quotes.",
    )
