"""One of several identifiers as a plain attribute: how many rows that keeps, and how many it costs."""

from __future__ import annotations

import pytest

from penstock.domain.dry_run.as_attribute import RowChange, identifiers_as_attributes
from penstock.domain.files.header import parse_header
from penstock.domain.ingestion.chunk import check_rows
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping, Mode, Plan

KEY = b"k" * 32
ROWS = [
    ("C1", "ann@example.com"),
    ("C2", "max(at)web.de"),  # kept
    ("C3", "kein email"),  # kept
    ("", "bob@"),  # rejected in any case
    ("", "eve@example.com"),  # lost
]


def as_attributes(columns: tuple[str, ...], *, delimiter: str = "\t") -> dict[str, RowChange]:
    """By label, after all rows."""
    content = "\n".join(delimiter.join(row) for row in [("crmid", "email"), *ROWS]).encode() + b"\n"
    mapped = tuple(ColumnMapping(column=name, attribute=name, identifier=True) for name in columns)
    mapping = Mapping(data_source="crm", version=0, columns=mapped)
    limits = Limits()
    header = parse_header(content, mapping=mapping, limits=limits, complete=True)
    plan = Plan(
        tenant_id="t",
        request_id="",
        data_source="crm",
        mapping=mapping,
        attributes=tuple(BUILTIN[name] for name in columns),
        file_format=header.file_format,
        mode=Mode.UPSERT,
        limits=limits,
    )
    layout = compile_layout(plan, header, KEY)
    found = identifiers_as_attributes(plan, layout, header, KEY)
    rows = check_rows(content[header.body_start :], first_line=header.first_line, plan=plan, layout=layout)
    for each in found.values():
        each.add(rows)
    return {label: each.change for label, each in found.items()}


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_rows_with_another_identifier_are_kept(delimiter: str) -> None:
    email = as_attributes(("crmid", "email"), delimiter=delimiter)["email"]
    assert (email.kept, email.lost) == (2, 1)


def test_a_column_without_faults_loses_only_rows_that_it_alone_identifies() -> None:
    crmid = as_attributes(("email", "crmid"))["crmid"]
    assert (crmid.kept, crmid.lost) == (0, 0)


def test_the_only_identifier_stays_one() -> None:
    assert as_attributes(("email",)) == {}
