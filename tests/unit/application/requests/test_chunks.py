"""Manifests, nodes and failures of chunks, on the embedded control store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.chunks import Chunks
from penstock.domain.errors import NotFound
from penstock.domain.requests.request import Manifest

T = "acme"


@pytest.fixture
def chunks(tmp_path: Path) -> Iterator[Chunks]:
    store = EmbeddedControlStore(tmp_path / "control.db")
    yield Chunks(store)
    store.close()


def test_chunks_are_committed_and_read_in_order(chunks: Chunks) -> None:
    manifests = [
        Manifest(chunk=number, at_us=1, rows_read=3, rows_ingested=2, rows_rejected=1, reject_reasons={"x": 1})
        for number in (9, 10, 100)
    ]
    for manifest in reversed(manifests):
        chunks.commit(T, "r", manifest, b"node" * manifest.chunk)
    assert list(chunks.manifests(T, "r")) == manifests
    assert chunks.manifest(T, "r", 10) == manifests[1]
    assert chunks.manifest(T, "r", 11) is None
    assert chunks.nodes(T, "r", 9) == b"node" * 9
    with pytest.raises(NotFound):
        chunks.nodes(T, "r", 11)


def test_failures_of_a_chunk_are_counted(chunks: Chunks) -> None:
    counts = [chunks.record_failure(T, "r", 3, "reason") for _ in range(3)]
    assert counts == [1, 2, 3]
    assert chunks.record_failure(T, "r", 4, "reason") == 1
