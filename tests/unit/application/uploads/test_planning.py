"""The plan of a request, and the size of its chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.application.uploads.planning import TARGET_MAX_CHUNKS, Planner
from penstock.application.uploads.upload_command import UploadCommand, settings_of
from penstock.config import Settings
from penstock.domain.catalog.data_source import UploadDefaults
from penstock.domain.files.chunk_size import SHARED_CHUNKS, even_chunk_bytes
from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import Limits, Plan
from penstock.wiring import System, embedded
from tests.support import messy_file

TENANT = messy_file.TENANT
CHUNK_BYTES = 1_000
ATTRIBUTES = tuple(BUILTIN.values())


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path))) as system:
        yield system


@pytest.fixture
def command(system: System) -> UploadCommand:
    return messy_file.command(system)


@pytest.fixture
def planner(system: System) -> Planner:
    return Planner(keys=system.keys, epochs=system.epochs, chunk_bytes=CHUNK_BYTES)


def plan_of(planner: Planner, command: UploadCommand, size: int) -> Plan:
    assert command.mapping is not None
    settings = settings_of(command, UploadDefaults(), Limits(columns=50))
    ranking = ("crmid",)
    return planner.planner(TENANT, command, settings, command.mapping, ATTRIBUTES, ranking, FileFormat(), size)(
        "request", 7
    )


def test_a_plan_contains_the_settings_of_its_request(planner: Planner, command: UploadCommand) -> None:
    plan = plan_of(planner, command, len(messy_file.BODY))
    assert (plan.request_id, plan.accepted_at_us) == ("request", 7)
    assert plan.chunk_bytes == even_chunk_bytes(len(messy_file.BODY), max_bytes=CHUNK_BYTES)
    assert plan.limits.columns == 50
    assert (plan.mapping, plan.attributes, plan.ranking) == (command.mapping, ATTRIBUTES, ("crmid",))


@given(max_bytes=st.integers(10_000, 10**8), data=st.data())
def test_a_file_is_cut_evenly(max_bytes: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(max_bytes // 2 + 1, 10 * max_bytes) | st.integers(10 * max_bytes, 400 * max_bytes))
    chunk = even_chunk_bytes(size, max_bytes=max_bytes)
    chunks = -(-size // chunk)
    assert max_bytes // 4 <= chunk <= max_bytes
    assert chunks >= min(SHARED_CHUNKS, 2 * size // max_bytes)
    assert chunks <= max(-(-size // max_bytes) + 2, 4 * size // max_bytes + 1)
    assert size - (chunks - 1) * chunk > chunk / 2  # the last one


def test_a_file_of_one_chunk_is_not_cut(planner: Planner, command: UploadCommand) -> None:
    assert plan_of(planner, command, CHUNK_BYTES // 2 - 1).chunk_bytes == CHUNK_BYTES


def test_chunks_of_a_huge_file_are_larger_so_that_they_stay_countable(planner: Planner, command: UploadCommand) -> None:
    plan = plan_of(planner, command, TARGET_MAX_CHUNKS * CHUNK_BYTES * 3)
    assert 2.9 * CHUNK_BYTES <= plan.chunk_bytes <= 3 * CHUNK_BYTES + 4
