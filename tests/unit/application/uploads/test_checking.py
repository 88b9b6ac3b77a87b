"""All that is wrong with an upload is said at once, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.ports.control_store import Table
from penstock.wiring import System, embedded
from penstock.wiring.use_cases import AllUseCases, use_cases_of
from tests.support import messy_file
from tests.support.access import caller

TENANT = messy_file.TENANT
ANN = caller(Role.UPLOADER, tenant_id=TENANT)
HEADER = messy_file.BODY.partition(b"\n")[0] + b"\n"
COLUMNS = (
    ColumnSpec(column="id", attribute="crmid", identifier=True),
    ColumnSpec(column="nick", attribute="nickname"),
)
WRITTEN = (Table.DATA_SOURCES, Table.ATTRIBUTES, Table.MAPPINGS, Table.REQUESTS, Table.PLANS, Table.IDEMPOTENCY_KEYS)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path))) as system:
        yield system


@pytest.fixture
def use_cases(system: System) -> AllUseCases:
    return use_cases_of(system)


def command(**changes: object) -> UploadCommand:
    made = UploadCommand(data_source="crm", file_name="f.tsv", uploaded_by="ann", columns=COLUMNS, create_source=True)
    return replace(made, **changes)


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {fault.code for fault in refused.value.faults}


def records(system: System) -> int:
    """What lies in the control store of the catalog and of requests."""
    sources = system.control.scan(Table.DATA_SOURCES, TENANT, "")
    tables = [system.control.scan(table, TENANT, "") for table in WRITTEN]
    mappings = [system.control.scan(Table.MAPPINGS, TENANT, name) for name in ("crm", "crn")]
    return len(sources) + sum(map(len, tables)) + sum(map(len, mappings))


@pytest.mark.parametrize(
    ("changes", "body", "expected"),
    [
        ({"notify": ("nobody",)}, b"id\tnick\n1\tx\n", {"invalid_address"}),
        ({}, b"id\tnick\n", {"no_rows"}),
        ({"segment": "not a name"}, b"id\tnick\n1\tx\n", {"invalid_name"}),
        ({"data_source": "Not A Name"}, b"id\tnick\n1\tx\n", {"invalid_name"}),
        (
            {"notify": ("nobody",), "columns": (*COLUMNS, ColumnSpec(column="x", attribute="y", format="odd"))},
            b"id\tid\n1\t2\n",
            {"invalid_address", "unknown_format", "duplicate_column_name", "unknown_mapped_column"},
        ),
    ],
)
def test_a_refused_upload_leaves_nothing_and_names_every_fault(
    system: System, use_cases: AllUseCases, changes: dict[str, object], body: bytes, expected: set[str]
) -> None:
    with pytest.raises(Refused) as refused:
        use_cases.uploads.upload(ANN, [body], command(**changes))
    assert codes(refused) == expected
    assert records(system) == 0
    assert list(system.objects.list("files/")) == []


def test_a_key_that_came_with_another_upload_saves_no_mapping(system: System, use_cases: AllUseCases) -> None:
    stored = use_cases.uploads.store(ANN, [b"id\tnick\n1\tx\n"])
    use_cases.uploads.accept(ANN, stored, command(), idempotency_key="k")
    before = records(system)
    other = use_cases.uploads.store(ANN, [b"id\tnick\n1\tx\n"])
    with pytest.raises(Refused, match="idempotency_key_reused"):
        use_cases.uploads.accept(ANN, other, command(columns=COLUMNS[:1]), idempotency_key="k")
    assert records(system) == before


def test_an_accepted_upload_saves_its_mapping_and_is_recorded(use_cases: AllUseCases) -> None:
    request = use_cases.uploads.upload(ANN, [b"id\tnick\n1\tx\n"], command()).request
    saved = use_cases.catalog.mapping(ANN, "crm", request.mapping_version)
    assert [column.attribute for column in saved.mapping.columns] == ["crmid", "nickname"]
    ((_, entry),) = use_cases.audit.read(TENANT)
    assert (entry.action, entry.request_id, entry.who) == ("request.upload", request.request_id, "ann")
    assert entry.details == {"data_source": "crm", "mode": "upsert"}


def test_a_new_source_must_not_look_like_another_mistyped(use_cases: AllUseCases) -> None:
    use_cases.catalog.create_source(ANN, "crm")
    with pytest.raises(Refused) as refused:
        use_cases.uploads.upload(ANN, [b"id\tnick\n1\tx\n"], command(data_source="crn"))
    assert codes(refused) == {"unknown_data_source"}
    assert "'crm'" in refused.value.faults[0].hint


def test_without_any_mapping_nothing_is_accepted(use_cases: AllUseCases) -> None:
    use_cases.catalog.create_source(ANN, "crm")
    with pytest.raises(Refused) as refused:
        use_cases.uploads.upload(ANN, [b"id\tnick\n1\tx\n"], command(columns=None))
    assert codes(refused) == {"no_mapping"}
