"""What is judged before a request is accepted, and what its plan says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.application.uploads.planning import MOST_CHUNKS, Planner, even_chunk_bytes
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Limits
from penstock.wiring import System, embedded
from tests.support import messy_file

TENANT = messy_file.TENANT
CHUNK_BYTES = 1_000
HEADER = messy_file.BODY.partition(b"\n")[0] + b"\n"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path))) as system:
        yield system


@pytest.fixture
def command(system: System) -> UploadCommand:
    return messy_file.command(system)


@pytest.fixture
def planner(system: System) -> Planner:
    return Planner(
        catalog=system.catalog, keys=system.keys, limits=Limits(columns=50), chunk_bytes=CHUNK_BYTES, partitions=16
    )


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {fault.code for fault in refused.value.faults}


def test_a_plan_holds_what_the_request_runs_with(planner: Planner, command: UploadCommand) -> None:
    plan = planner.for_file(TENANT, command, messy_file.BODY, len(messy_file.BODY))("request", 7)
    assert (plan.request_id, plan.accepted_at_us) == ("request", 7)
    assert plan.chunk_bytes == even_chunk_bytes(len(messy_file.BODY), most=CHUNK_BYTES, partitions=16)
    assert plan.limits.columns == 50
    assert plan.mapping == command.mapping
    assert {attribute.name for attribute in plan.attributes} == {column.attribute for column in messy_file.COLUMNS}
    assert plan == planner.for_command(TENANT, command, messy_file.BODY, len(messy_file.BODY))("request", 7)


@given(most=st.integers(10_000, 10**8), partitions=st.integers(1, 32), data=st.data())
def test_a_file_is_cut_evenly(most: int, partitions: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(most // 2 + 1, 10 * most) | st.integers(10 * most, 400 * most))
    chunk = even_chunk_bytes(size, most=most, partitions=partitions)
    chunks = -(-size // chunk)
    assert most // 4 <= chunk <= most
    if partitions * most * 0.26 < size < partitions * most * 0.99:
        assert chunks == partitions
    assert chunks <= partitions or chunks % partitions == 0
    assert chunks <= max(-(-size // most) + partitions, 4 * size // most + 1)
    assert size - (chunks - 1) * chunk > chunk / 2  # the last one


def test_a_file_of_one_chunk_is_not_cut(planner: Planner, command: UploadCommand) -> None:
    assert planner.for_command(TENANT, command, HEADER, CHUNK_BYTES // 2 - 1)("request", 7).chunk_bytes == CHUNK_BYTES


def test_chunks_of_a_huge_file_are_larger_so_that_they_stay_countable(planner: Planner, command: UploadCommand) -> None:
    plan = planner.for_command(TENANT, command, HEADER, MOST_CHUNKS * CHUNK_BYTES * 3)("request", 7)
    assert 2.9 * CHUNK_BYTES <= plan.chunk_bytes <= 3 * CHUNK_BYTES + 4


def test_all_that_is_wrong_is_told_at_once(planner: Planner, command: UploadCommand) -> None:
    wrong = replace(command, notify=("nobody",), segment="not a name")
    with pytest.raises(Refused) as of_form:
        planner.for_command(TENANT, wrong, b"", 0)
    with pytest.raises(Refused) as of_file:
        planner.for_file(TENANT, wrong, HEADER, len(HEADER))
    assert len(codes(of_form)) == 2
    assert codes(of_file) == codes(of_form) | {"no_rows"}


def test_without_any_mapping_there_is_no_plan(planner: Planner, command: UploadCommand) -> None:
    with pytest.raises(Refused) as refused:
        planner.for_command(TENANT, replace(command, mapping=None, data_source="unmapped"), b"", 0)
    assert codes(refused) == {"no_mapping"}
