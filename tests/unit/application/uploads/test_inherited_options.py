"""How a file is read that does not say it: as its data source's defaults have it, or else as the last file was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.new_requests import Offered
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.access.permissions import EVERYTHING, Caller
from penstock.domain.catalog.data_source import LastFile, SourceChange
from penstock.domain.errors import Refused
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.requests.public_view import to_public
from penstock.domain.requests.request import Request
from penstock.wiring import System, embedded
from penstock.wiring.use_cases import AllUseCases, use_cases_of

T = "acme"
ANN = Caller(tenant_id=T, name="ann", permissions=EVERYTHING)
TEXT = "crmid;last name\nC1;Zoë\nC2;José\nC3;Renée\n"
WESTERN = TEXT.encode("cp1252")
DECLARED = FileOptions(encoding="cp1252", clean_headers=True)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with closing(embedded(Settings(data=tmp_path, tenant=T))) as system:
        system.catalog.create_source(T, "crm")
        yield system


@pytest.fixture
def use_cases(system: System) -> AllUseCases:
    return use_cases_of(system)


def command(options: FileOptions = FileOptions(), **settings: object) -> UploadCommand:
    columns = (
        ColumnSpec(column="crmid", attribute="crmid", identifier=True),
        ColumnSpec(column="last_name", attribute="last_name"),
    )
    return UploadCommand(
        data_source="crm",
        file_name="f.csv",
        uploaded_by="ann",
        columns=columns,
        file_options=options,
        force=True,
        **settings,  # type: ignore[arg-type]
    )


def upload(use_cases: AllUseCases, options: FileOptions = FileOptions(), content: bytes = WESTERN) -> Request:
    return use_cases.uploads.upload(ANN, [content], command(options)).request


def read_as(request: Request) -> dict[str, object]:
    options: dict[str, object] = to_public(request, 0)["file_options"]
    return options


def test_the_next_file_is_read_as_the_last_one(system: System, use_cases: AllUseCases) -> None:
    first = upload(use_cases, DECLARED)
    assert read_as(first) == {"encoding": "cp1252", "clean_headers": True, "quoted": False, "inherited": []}
    second = upload(use_cases)
    assert read_as(second) == {
        "encoding": "cp1252",
        "clean_headers": True,
        "quoted": False,
        "inherited": ["encoding", "clean_headers"],
    }
    plans = [system.requests.plan(T, each.request_id).file_options for each in (first, second)]
    assert [(each.encoding, each.clean_headers) for each in plans] == [("cp1252", True)] * 2
    kept = LastFile(encoding="cp1252", clean_headers=True, columns=("crmid", "last_name"), left_out=())
    assert system.catalog.data_sources.get(T, "crm").last_file == kept


def test_the_defaults_of_the_source_come_before_its_last_file(system: System, use_cases: AllUseCases) -> None:
    upload(use_cases, replace(DECLARED, encoding="cp1250"))
    use_cases.catalog.edit_source(ANN, "crm", SourceChange(encoding="windows-1252", clean_headers=True))
    assert read_as(upload(use_cases))["encoding"] == "cp1252"
    use_cases.catalog.edit_source(ANN, "crm", SourceChange(encoding="utf-8"))
    with pytest.raises(Refused) as refused:
        upload(use_cases)
    assert refused.value.code == "not_utf8"


def test_a_declared_option_overrides_the_inherited_one(system: System, use_cases: AllUseCases) -> None:
    use_cases.catalog.edit_source(ANN, "crm", SourceChange(encoding="cp1250", clean_headers=True))
    assert read_as(upload(use_cases, FileOptions(encoding="cp1252")))["inherited"] == ["clean_headers"]
    with pytest.raises(Refused) as refused:
        upload(use_cases, FileOptions(encoding="cp1252", clean_headers=False))
    assert "space_in_column_name" in {fault.code for fault in refused.value.faults}
    assert system.catalog.data_sources.get(T, "crm").defaults.encoding == "cp1250"


def test_a_file_in_utf_8_is_read_as_such_and_the_encoding_stays(system: System, use_cases: AllUseCases) -> None:
    upload(use_cases, DECLARED)
    assert read_as(upload(use_cases, content=TEXT.encode())) == {
        "encoding": "utf-8",
        "clean_headers": True,
        "quoted": False,
        "inherited": ["clean_headers"],
    }
    assert read_as(upload(use_cases))["encoding"] == "cp1252"


def test_a_refused_file_is_no_last_file(system: System, use_cases: AllUseCases) -> None:
    with pytest.raises(Refused):
        upload(use_cases, FileOptions(encoding="cp1252"))
    assert system.catalog.data_sources.get(T, "crm").last_file is None


def test_a_dry_run_and_an_inspection_inherit_too(use_cases: AllUseCases) -> None:
    upload(use_cases, DECLARED)
    run = use_cases.uploads.dry_run(ANN, [WESTERN], command())
    assert (run.rows_accepted, run.file_options.encoding, run.file_options.inherited) == (
        3,
        "cp1252",
        ("encoding", "clean_headers"),
    )
    options = use_cases.uploads.file_options(ANN, "crm", FileOptions())
    review = use_cases.uploads.review(ANN, use_cases.uploads.inspect(ANN, [WESTERN], options), "crm")
    assert (review.faults, review.columns) == ([], ["crmid", "last_name"])
    assert review.needed_options == FileOptions()
    assert review.file_options.encoding == "cp1252"
    assert use_cases.uploads.file_options(ANN, None, FileOptions()) == FileOptions()


def test_a_file_that_comes_before_its_source_is_named_is_read_again(system: System, use_cases: AllUseCases) -> None:
    upload(use_cases, DECLARED)
    raw = use_cases.uploads.store(ANN, [WESTERN])
    decoded = use_cases.uploads.decoded(ANN, raw, command())
    assert decoded.head.decode() == TEXT
    assert (decoded.began, decoded.upload_started_at) == (raw.began, raw.upload_started_at)
    accepted = use_cases.uploads.accept(ANN, decoded, command())
    assert read_as(accepted.request)["encoding"] == "cp1252"
    assert use_cases.uploads.renamed_columns(ANN, decoded, accepted.request) == {"last name": "last_name"}
    assert raw.ref.key not in {each.ref.key for each in system.objects.list("files/")}


def test_the_file_of_an_offer_inherits(system: System, use_cases: AllUseCases) -> None:
    upload(use_cases, DECLARED)
    mapping = system.catalog.mapping(T, "crm", 1)
    offered = replace(command(), columns=None, mapping=mapping)
    request = use_cases.uploads.accept_offered(ANN, [WESTERN], offered, Offered("p", "e1", "x"))
    assert read_as(request)["inherited"] == ["encoding", "clean_headers"]
    last = system.catalog.data_sources.get(T, "crm").last_file
    assert last is not None
    assert last.columns == ("crmid", "last_name")


def test_suggestions_are_drawn_from_a_file_that_inherits(use_cases: AllUseCases) -> None:
    upload(use_cases, DECLARED)
    suggested = replace(command(accept_suggestions=0.5), columns=None)
    assert use_cases.uploads.upload(ANN, [WESTERN], suggested).left_out == []


def test_an_unknown_encoding_is_no_default(use_cases: AllUseCases) -> None:
    with pytest.raises(Refused) as refused:
        use_cases.catalog.edit_source(ANN, "crm", SourceChange(encoding="rot13"))
    assert refused.value.code == "unknown_encoding"
