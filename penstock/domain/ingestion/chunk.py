"""Turns a chunk's bytes into sealed fragments and rejects: parse, map, validate, fold rows of one person, seal.

This is the hot path. It works on columns, so that most steps run in C.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from penstock.domain.files.corrections import ChunkLines, CorrectedRows
from penstock.domain.files.line_set import runs_of
from penstock.domain.files.rejects import Reject
from penstock.domain.ingestion.layout import Layout
from penstock.domain.ingestion.plain_fragments import plain_fragments
from penstock.domain.ingestion.valid_rows import BlankWords, Column, coerce_chunk
from penstock.domain.mapping.mapping import Plan
from penstock.domain.profiles.fragments import KeyAndCell, key_suffix, with_root_rows
from penstock.domain.profiles.identity import Node
from penstock.domain.profiles.sealing import ChunkSealer


class ChunkResult(NamedTuple):
    """`fragments` sorted by key, their `nodes` concatenated in the same order, and `rejects` sorted by line.

    `dropped` are the ingested rows that lost cells, with the reason for each, sorted by line. `lines` are those that
    corrections refer to. `blank_words` counts the cells of ingested rows that a word for blank made blank, by column
    and word."""

    fragments: list[KeyAndCell]
    nodes: bytes
    rejects: list[Reject]
    rows_read: int
    rows_ingested: int
    dropped: Sequence[Reject] = ()
    lines: ChunkLines = ChunkLines()
    blank_words: Mapping[str, dict[str, int]] = {}

    @property
    def reject_reasons(self) -> dict[str, int]:
        """The number of rejected rows by reason; a row with several reasons counts under its first, so that the numbers
        add up."""
        return dict(Counter(reject.reasons[0].partition(":")[0] for reject in self.rejects))

    @property
    def dropped_cells(self) -> dict[str, dict[str, int]]:
        """The number of dropped cells by column and reason."""
        counts: dict[str, dict[str, int]] = {}
        for (code, _, column), cells in Counter(
            reason.partition(":") for row in self.dropped for reason in row.reasons
        ).items():
            counts.setdefault(column, {})[code] = cells
        return counts


def ingest_chunk(
    body: bytes, *, chunk: int, first_line: int, plan: Plan, layout: Layout, sealer: ChunkSealer
) -> ChunkResult:
    """The fragments and rejects of one chunk, ready to be written. The same bytes and plan always give the same plain
    fragments.

    Each step's input is released before the next step begins, which saves a quarter of the memory.
    """
    rows, rejects, dropped, words, corrected = coerce_chunk(body, first_line, plan, layout)
    ingested = len(rows.lines)
    lines = _chunk_lines(rows.lines, rejects, dropped, corrected, layout)
    plain = sorted(plain_fragments(rows, layout))
    del rows
    if corrected is not None:
        plain = [(node, with_root_rows(general, corrected.root_lines), personal) for node, general, personal in plain]
    nodes, generals, personals = zip(*plain, strict=True) if plain else ((), (), ())
    del plain
    suffix = key_suffix(plan.data_source, plan.request_id, chunk)
    keys = [node + suffix for node in nodes]
    fragments = list(zip(keys, sealer.seal(keys, generals, personals), strict=True))
    return ChunkResult(fragments, b"".join(nodes), rejects, ingested + len(rejects), ingested, dropped, lines, words)


class CheckedRows(NamedTuple):
    """The checked rows of a chunk; all but the `nodes`, which are by identifier, as in `ChunkResult`."""

    rows_accepted: int
    rejects: list[Reject]
    dropped: list[Reject]
    nodes: Sequence[Sequence[Node | None]]
    blank_words: BlankWords


def check_rows(body: bytes, *, first_line: int, plan: Plan, layout: Layout) -> CheckedRows:
    """Parse, map and validate the rows of a chunk as `ingest_chunk` does, without making fragments."""
    rows, rejects, dropped, words, _ = coerce_chunk(body, first_line, plan, layout)
    return CheckedRows(len(rows.lines), rejects, dropped, rows.nodes, words)


class CoercedRows(NamedTuple):
    """The rows of a chunk that would be ingested, with their values by column of the layout; `rejects` and `dropped` as
    in `ChunkResult`."""

    lines: Sequence[int]
    columns: Sequence[Column]
    rejects: list[Reject]
    dropped: list[Reject]


def coerce_rows(body: bytes, *, first_line: int, plan: Plan, layout: Layout) -> CoercedRows:
    """The values of the rows of a chunk, as `ingest_chunk` coerces them."""
    rows, rejects, dropped, *_ = coerce_chunk(body, first_line, plan, layout)
    return CoercedRows(rows.lines, rows.columns, rejects, dropped)


def _chunk_lines(
    ingested: Sequence[int],
    rejects: Iterable[Reject],
    dropped: Iterable[Reject],
    corrected: CorrectedRows | None,
    layout: Layout,
) -> ChunkLines:
    if corrected is not None and layout.root is not None:
        return corrected.chunk_lines(ingested, {each.line for each in dropped}, layout.root)
    return ChunkLines(rejected=runs_of(each.line for each in rejects), dropped=runs_of(each.line for each in dropped))
