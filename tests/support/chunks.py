"""Chunks of files and what is stored of them, without a store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from penstock.domain.files.chunking import spans
from penstock.domain.files.corrections import RootLines
from penstock.domain.files.header import Header
from penstock.domain.files.tsv import TSV
from penstock.domain.ingestion.chunk import ChunkResult, ingest_chunk
from penstock.domain.ingestion.layout import compile_layout
from penstock.domain.mapping.mapping import Plan
from penstock.domain.profiles.fold import NO_RANKING, Profile, Ranking, fold
from penstock.domain.profiles.fragments import ORIGIN_BYTES, Fragment, KeyAndCell, decode, key_suffix, split_key
from penstock.domain.profiles.sealing import ChunkSealer, DataKey, Part, chunk_key, open_part, split_cell

HASH_KEY = b"h" * 32
GENERAL, PERSONAL = DataKey(1, b"g" * 32), DataKey(1, b"p" * 32)
NO_ROOTS: Mapping[str, str] = MappingProxyType({})


def ingested(
    plan: Plan, body: bytes, header: Header, chunk_bytes: int, root: RootLines | None = None
) -> list[ChunkResult]:
    """The chunks of a file's rows."""
    layout = compile_layout(plan, header, HASH_KEY, root)
    results = []
    for span in spans([body], TSV, body_start=0, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=1_000):
        origin = key_suffix(plan.data_source, plan.request_id, span.chunk)[-ORIGIN_BYTES:]
        sealer = ChunkSealer("acme", origin, GENERAL, PERSONAL, os.urandom)
        part = body[span.start : span.end]
        results.append(
            ingest_chunk(part, chunk=span.chunk, first_line=span.first_line, plan=plan, layout=layout, sealer=sealer)
        )
    return results


def opened(stored: KeyAndCell) -> Fragment:
    key, cell = stored
    parts, origin = split_cell(cell), key[-ORIGIN_BYTES:]
    general = open_part(chunk_key(GENERAL, Part.GENERAL, origin), "acme", Part.GENERAL, 1, key, parts.general)
    personal = open_part(chunk_key(PERSONAL, Part.PERSONAL, origin), "acme", Part.PERSONAL, 1, key, parts.personal)
    return decode(split_key(key), general, personal)


def reached(fragments: Iterable[Fragment], start: bytes) -> list[Fragment]:
    """Those at a node and at all that are reachable by links."""
    by_node: dict[bytes, list[Fragment]] = {}
    for fragment in fragments:
        by_node.setdefault(fragment.key.node, []).append(fragment)
    known, waiting = {start}, [start]
    while waiting:
        for fragment in by_node.get(waiting.pop(), []):
            waiting += [node for node in fragment.links if node not in known]
            known.update(fragment.links)
    return [fragment for node in known for fragment in by_node.get(node, [])]


def walk(
    fragments: Sequence[Fragment], start: bytes, roots: Mapping[str, str] = NO_ROOTS, ranking: Ranking = NO_RANKING
) -> Profile:
    return fold(reached(fragments, start), roots, ranking)
