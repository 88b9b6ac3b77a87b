"""Warnings about an upload that is valid; none of them refuses it."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.profiles.reader import MAX_NEIGHBOURS
from penstock.application.uploads.checking import FileHead
from penstock.application.uploads.inspection import Inspection, inspect
from penstock.application.uploads.shared_identifiers import shared_identifiers
from penstock.domain.errors import Fault
from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.header import parse_header
from penstock.domain.files.later_headers import missing_keys
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Limits, Mapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.personal import personal_columns
from penstock.domain.suggestions.poor_formats import poor_formats

SAMPLED_BYTES = 256 * 1024
SAMPLED_ROWS = 200


def warnings_of(
    mapping: Mapping, attributes: Sequence[Attribute], file: FileHead, options: FileOptions, limits: Limits
) -> list[Fault]:
    """The warnings about a file, given its first rows in UTF-8."""
    inspected = _inspected(file, options, limits)
    sample = inspected.sample
    first = Sample(sample.names, [column[:SAMPLED_ROWS] for column in sample.columns], sample.complete)
    header = parse_header(
        file.head, mapping=mapping, limits=limits, complete=file.complete, options=options.read_as(UTF_8)
    )
    missing = [missing_keys(header.later_columns)] if header.later_columns else []
    return [
        *inspected.warnings,
        *missing,
        *poor_formats(first, mapping.columns, attributes),
        *personal_columns(first, mapping.columns, attributes),
        *shared_identifiers(mapping.columns, attributes, sample),
    ]


def sample_of(file: FileHead, options: FileOptions, limits: Limits) -> Sample:
    """The first rows of a file in UTF-8."""
    return _inspected(file, options, limits).sample


def _inspected(file: FileHead, options: FileOptions, limits: Limits) -> Inspection:
    head = file.head[:SAMPLED_BYTES]
    partial = not file.complete or len(head) < len(file.head)
    return inspect([head], limits, options.read_as(UTF_8), partial=partial)


def one_value_on_many_rows(label: str, rows: int, total: int, *, first: bool) -> Fault:
    """One value of an identifier is in `rows` of `total` rows; `first`: it has the highest priority."""
    effect = (
        "all these rows would be one person"
        if first
        else f"if these are more than {MAX_NEIGHBOURS} people, it connects none of them; fewer would be one person"
    )
    return Fault(
        code="one_value_on_many_rows",
        message=f"one value of {label!r} is in {rows:,} of {total:,} rows and looks like a junk identifier: {effect}",
        hint="If it names nobody, list it among the blank words of the column, or map the column without !.",
        column=label,
    )
