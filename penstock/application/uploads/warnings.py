"""Warnings about an upload that is valid; none of them refuses it."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.profiles.reader import MAX_NEIGHBOURS
from penstock.application.uploads.checking import FileHead
from penstock.application.uploads.inspection import Inspection, inspect
from penstock.domain.errors import Fault
from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.header import parse_header
from penstock.domain.files.later_headers import missing_keys
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.cells import cell_source
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.different_people import Telling, shared_by_different_people
from penstock.domain.suggestions.personal import personal_columns
from penstock.domain.suggestions.poor_formats import poor_formats
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.shared_keys import NAMES

SAMPLED_BYTES = 64 * 1024
SAMPLED_ROWS = 200
JOINED = (  # a column of a mapping file
    '{"columns": ["number", "first_name"], "separator": "|", "attribute": "number_first_name", '
    '"identifier": true, "pii": true}'
)
CONTACTS = ("email", "phone", "mobile")  # of which a person may have several


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
        *identifier_of_several_people(mapping.columns, sample),
    ]


def identifier_of_several_people(columns: Sequence[ColumnMapping], sample: Sample) -> list[Fault]:
    """A warning if values of the first identifier stand on rows of different people: with different names and, of what
    else tells people apart, something else that differs, if there is any."""
    known_columns = set(sample.names)
    columns = [each for each in columns if each.sources and known_columns.issuperset(each.sources)]
    by_attribute = {each.attribute: each for each in columns}
    names = next((by_attribute[name] for name in NAMES if name in by_attribute), None)
    identifiers = [each for each in columns if each.identifier]
    if names is None or not identifiers:
        return []
    first, *others = identifiers
    known = {each.attribute: each for each in others}
    known |= {name: by_attribute[name] for name in ("birth_date", "email") if name in by_attribute}
    known.pop(first.attribute, None)
    telling = Telling(
        [first_cells(names, sample).cells],
        [first_cells(each, sample).cells for name, each in known.items() if name not in CONTACTS],
        [first_cells(each, sample).cells for name, each in known.items() if name in CONTACTS],
    )
    shared = shared_by_different_people(first_cells(first, sample).cells, telling)
    return [shared_identifier(first.label, names.label, shared, complete=sample.complete)] if shared else []


def first_cells(column: ColumnMapping, sample: Sample) -> Cells:
    """Those of a column, without its words for blank; none if the sample has not all of its columns."""
    places = {name: at for at, name in enumerate(sample.names)}
    if not places.keys() >= set(column.sources):
        return Cells(column.label, [])
    return Cells(column.label, cell_source(column, places)(sample.columns, sample.rows).cells)


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


def shared_identifier(label: str, first: str, values: int, *, complete: bool) -> Fault:
    """So many values of an identifier stand on rows with different values of the `first` one; not `complete`: at least
    so many."""
    counted = f"{values:,}" if complete else f"at least {values:,}"
    noun = "value" if values == 1 else "values"
    return Fault(
        code="shared_identifier",
        message=f"rows with different {first!r} share {counted} {noun} of {label!r}: "
        "their people would become one person",
        hint="If they are different people, save the mapping with penstock inspect FILE --save-mapping mapping.json; "
        f"in it, map the column without identifier, and join a number and a name: {JOINED}",
        column=label,
    )
