"""Checks corrected rows before they are sent, through the code that ingests rows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from penstock.domain.files.header import parse_header
from penstock.domain.ingestion.chunk import coerce_rows
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping.mapping import Plan

KEY_BYTES = 32


class RowFaults(NamedTuple):
    """Why a row would be rejected, and why it would lose cells: codes with their columns."""

    rejected: Sequence[str]
    dropped: Sequence[str]


def faults_of(plan: Plan, rows: Sequence[Mapping[str, str]]) -> list[RowFaults]:
    """The faults of each row, given its cells by column. They pass as NDJSON, whose cells can be any text. `plan` is
    that of the request whose rows they were."""
    names = dict.fromkeys(name for column in plan.mapping.columns for name in column.needed_columns)
    lines = [msgspec.json.encode({name: row.get(name, "") for name in names}) + b"\n" for row in rows]
    header = parse_header(lines[0], mapping=plan.mapping, limits=plan.limits, complete=True)
    checked = Plan(
        tenant_id=plan.tenant_id,
        request_id="",
        data_source=plan.data_source,
        mapping=plan.mapping,
        attributes=plan.attributes,
        limits=plan.limits,
    )
    layout = compile_layout(checked, header, secrets.token_bytes(KEY_BYTES))  # nodes of rows are not looked at
    found = coerce_rows(b"".join(lines), first_line=1, plan=checked, layout=layout)
    rejected, dropped = ({each.line: each.reasons for each in part} for part in (found.rejects, found.dropped))
    return [RowFaults(rejected.get(line, ()), dropped.get(line, ())) for line in range(1, len(rows) + 1)]
