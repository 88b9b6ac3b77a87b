"""The measure of suggestions: what the program itself suggests takes nearly all of messy files."""

from __future__ import annotations

import os
from uuid import UUID

import pytest

from penstock.application.catalog.column_specs import resolve_columns
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.suggesting import accept, suggestions_for
from penstock.domain.files.header import parse_header
from penstock.domain.ingestion.chunk import ChunkResult, ingest_chunk
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping.attributes import ValueType
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import Limits, Mapping, Plan
from penstock.domain.profiles.fragments import ORIGIN_BYTES, key_suffix
from penstock.domain.profiles.sealing import ChunkSealer, DataKey
from penstock.domain.suggestions import SuggestedMapping
from tests.support.messy_customers import MessyFile, messy_file

ROWS = 400
SEEDS = range(24)
LIMITS = Limits()
REQUEST = str(UUID(int=1))


def suggested(content: bytes) -> SuggestedMapping:
    return suggestions_for(inspect([content], LIMITS).sample, BUILTIN, ())


def ingested(file: MessyFile) -> tuple[ChunkResult, Plan]:
    """The file, ingested with what is suggested at the usual confidence."""
    content = file.content()
    resolved = resolve_columns(accept(suggested(content), 0.9).columns, BUILTIN)
    known = BUILTIN | {attribute.name: attribute for attribute in resolved.missing}
    plan = Plan(
        tenant_id="acme",
        request_id=REQUEST,
        data_source="crm",
        mapping=Mapping(data_source="crm", version=1, columns=tuple(resolved.columns)),
        attributes=tuple(known[column.attribute] for column in resolved.columns),
    )
    header = parse_header(content, mapping=plan.mapping, limits=LIMITS, complete=True)
    layout = compile_layout(plan, header, b"h" * 32)
    origin = key_suffix("crm", REQUEST, 0)[-ORIGIN_BYTES:]
    sealer = ChunkSealer("acme", origin, DataKey(1, b"g" * 32), DataKey(1, b"p" * 32), os.urandom)
    body = content[header.body_start :]
    return ingest_chunk(body, chunk=0, first_line=2, plan=plan, layout=layout, sealer=sealer), plan


def stored_cells(file: MessyFile, result: ChunkResult, plan: Plan) -> tuple[int, int]:
    """Of the cells that are values of a kind: how many are stored as that kind, and how many there are."""
    kinds = {
        mapped.column: (mapped.format or attribute.format).kind
        for mapped, attribute in zip(plan.mapping.columns, plan.attributes, strict=True)
    }
    lost = {(reject.line, "") for reject in result.rejects}
    lost |= {(row.line, reason.rpartition(":")[2]) for row in result.dropped for reason in row.reasons}
    stored = total = 0
    for column in file.columns:
        if column.kind is ValueType.TEXT:
            continue
        rows = [row for row in range(file.rows) if row not in column.blank]
        total += len(rows)
        if kinds.get(column.name) is column.kind:
            stored += sum(1 for row in rows if not {(row + 2, ""), (row + 2, column.name)} & lost)
    return stored, total


@pytest.mark.parametrize("seed", SEEDS)
def test_a_messy_file_goes_in_at_the_first_try(seed: int) -> None:
    file = messy_file(seed, ROWS)
    result, plan = ingested(file)
    assert result.rows_ingested >= 0.95 * file.rows
    stored, total = stored_cells(file, result, plan)
    assert stored >= 0.95 * total


@pytest.mark.parametrize("seed", SEEDS)
def test_attributes_of_a_messy_file_are_found(seed: int) -> None:
    file = messy_file(seed, ROWS)
    found = {each.column: each.attribute.name for each in suggested(file.content()).columns}
    meant = {column.name: column.attribute for column in file.columns if column.attribute}
    assert {name: found[name] for name in meant} == meant


@pytest.mark.parametrize("seed", SEEDS)
def test_evidence_has_counts_and_no_values(seed: int) -> None:
    """But the words that are taken as blank, which repeat."""
    file = messy_file(seed, ROWS)
    columns = suggested(file.content()).columns
    texts = " ".join(text for each in columns for text in (*each.evidence, *each.against)).casefold()
    cells = {cell.strip().casefold() for column in file.columns for cell in column.cells}
    blanks = {word.casefold() for each in columns for word in each.blanks}
    telling = {cell for cell in cells if len(cell) > 4 and not cell.isdigit()} - blanks
    assert not {cell for cell in telling if cell in texts}


def test_the_same_file_is_suggested_the_same_again() -> None:
    content = messy_file(3, ROWS).content()
    assert suggested(content) == suggested(content)


@pytest.mark.parametrize("seed", range(8))
def test_a_saved_mapping_is_suggested_again_unchanged(seed: int) -> None:
    """So the same command, run again after it was killed, sends the same mapping."""
    content = messy_file(seed, ROWS).content()
    first = accept(suggested(content), 0.9)
    resolved = resolve_columns(first.columns, BUILTIN)
    known = BUILTIN | {attribute.name: attribute for attribute in resolved.missing}
    again = suggestions_for(inspect([content], LIMITS).sample, known, resolved.columns)
    assert accept(again, 0.9).columns == first.columns
    assert not [change for change in again.changes if change.drift == "format"]
