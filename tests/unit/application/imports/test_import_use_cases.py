"""Drafts of imports with their files: what replaces what, and what is deleted."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from penstock.application.imports.import_draft import LIFETIME_US
from penstock.application.imports.import_drafts import ImportDrafts
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Corrupt, NotFound, Refused, refusal
from penstock.ports.control_store import Table
from penstock.wiring import System, embedded
from penstock.wiring.uploads import import_drafts_of
from penstock.wiring.use_cases import AllUseCases, use_cases_of
from tests.support.access import caller
from tests.support.manual_clock import FUTURE_US, ManualClock

ANN = caller(Role.UPLOADER)
DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(FUTURE_US)


@pytest.fixture
def system(tmp_path: Path, clock: ManualClock) -> Iterator[System]:
    running = embedded(Settings(data=tmp_path / "data", max_file_bytes=1_000), clock=clock)
    yield running
    running.close()


@pytest.fixture
def use_cases(system: System) -> AllUseCases:
    return use_cases_of(system)


@pytest.fixture
def stored(system: System) -> ImportDrafts:
    return import_drafts_of(system)


def open_files(use_cases: AllUseCases) -> list[str]:
    return [file.file_id for file in use_cases.drafts.all(ANN)]


def test_the_same_file_goes_on_and_another_one_takes_its_place(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    first = imports.expect_file(ANN, draft.draft_id, file_name="a.tsv", length=9)
    use_cases.drafts.append(ANN, first.file_id, 0, iter([b"four"]))
    again = imports.expect_file(ANN, draft.draft_id, file_name="a.tsv", length=9)
    assert (again.file_id, again.offset) == (first.file_id, 4)
    other = imports.expect_file(ANN, draft.draft_id, file_name="a.tsv", length=10)
    assert open_files(use_cases) == [other.file_id]


def test_a_file_in_one_call_has_the_length_that_arrived(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    file = imports.receive_file(ANN, draft.draft_id, file_name="a.tsv", pieces=iter([b"crmid\n", b"no1\n"]))
    assert (file.length, file.complete) == (10, True)
    assert b"".join(imports.content(ANN, draft.draft_id)) == b"crmid\nno1\n"


def test_a_file_that_is_refused_leaves_the_one_before_it(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    present = imports.receive_file(ANN, draft.draft_id, file_name="a.tsv", pieces=iter([b"crmid\n"]))
    with pytest.raises(Refused, match="file_too_large"):
        imports.receive_file(ANN, draft.draft_id, file_name="b.tsv", pieces=iter([b"x" * 900, b"x" * 101]))

    def broken() -> Iterator[bytes]:
        yield b"crmid"
        raise refusal("incomplete_body", "the connection ended", "Send it again.")

    with pytest.raises(Refused, match="incomplete_body"):
        imports.receive_file(ANN, draft.draft_id, file_name="b.tsv", pieces=broken())
    assert open_files(use_cases) == [present.file_id]
    assert imports.get(ANN, draft.draft_id).file_name == "a.tsv"


def test_a_draft_that_has_a_request_does_not_change(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    imports.begun(ANN, draft.draft_id, "r-1")
    with pytest.raises(Refused, match="import_begun"):
        imports.change(ANN, draft.draft_id, lambda draft: replace(draft, max_rejects="5%"))
    assert imports.all(ANN) == []
    assert imports.get(ANN, draft.draft_id).request_id == "r-1"


def test_a_crash_after_the_request_was_made_does_not_hide_it(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    file = imports.receive_file(ANN, draft.draft_id, file_name="a.tsv", pieces=iter([b"crmid\n"]))
    assert imports.get(ANN, draft.draft_id).request_id is None
    use_cases.drafts.finish(ANN, file.file_id, "r-1", {})
    assert imports.get(ANN, draft.draft_id).request_id == "r-1"


def test_deleting_a_draft_deletes_its_file(use_cases: AllUseCases) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    imports.expect_file(ANN, draft.draft_id, file_name="a.tsv", length=9)
    imports.delete(ANN, draft.draft_id)
    assert open_files(use_cases) == []
    with pytest.raises(NotFound):
        imports.get(ANN, draft.draft_id)


def test_a_draft_outlives_its_file_and_each_change_extends_its_time(
    use_cases: AllUseCases, stored: ImportDrafts, clock: ManualClock
) -> None:
    imports, draft = use_cases.imports, use_cases.imports.create(ANN, "crm")
    imports.receive_file(ANN, draft.draft_id, file_name="a.tsv", pieces=iter([b"crmid"]))
    clock.advance(2 * DAY)
    assert imports.file(ANN, draft.draft_id) is None
    changed = imports.change(ANN, draft.draft_id, lambda draft: replace(draft, max_rejects="5%"))
    assert changed.file_name == "a.tsv"
    assert changed.expires_at == clock.now_us() + LIFETIME_US
    clock.advance(LIFETIME_US / 1_000_000)
    with pytest.raises(NotFound):
        imports.get(ANN, draft.draft_id)
    assert (stored.sweep(), stored.sweep()) == (1, 0)


def test_another_tenant_and_a_viewer_see_no_draft(use_cases: AllUseCases) -> None:
    draft = use_cases.imports.create(ANN, "crm")
    with pytest.raises(NotFound):
        use_cases.imports.get(caller(Role.UPLOADER, tenant_id="other"), draft.draft_id)
    with pytest.raises(Refused, match="forbidden"):
        use_cases.imports.get(caller(Role.VIEWER), draft.draft_id)


def test_the_number_of_drafts_is_bounded(use_cases: AllUseCases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.imports.import_drafts.MAX_IMPORT_DRAFTS", 2)
    drafts = [use_cases.imports.create(ANN, "crm") for _ in range(2)]
    with pytest.raises(Refused, match="too_many_import_drafts"):
        use_cases.imports.create(ANN, "crm")
    use_cases.imports.delete(ANN, drafts[0].draft_id)
    use_cases.imports.create(ANN, "crm")


def test_the_drafts_of_one_leave_others_room(use_cases: AllUseCases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.application.imports.import_drafts.MAX_IMPORT_DRAFTS_OF_ONE", 1)
    use_cases.imports.create(ANN, "crm")
    with pytest.raises(Refused, match="too_many_import_drafts"):
        use_cases.imports.create(ANN, "crm")
    use_cases.imports.create(msgspec.structs.replace(ANN, name="bob"), "crm")


def test_a_draft_is_stored_sealed_and_opens_only_in_its_place(
    use_cases: AllUseCases, stored: ImportDrafts, system: System
) -> None:
    draft = use_cases.imports.create(ANN, "marked_source")
    stored.update("default", draft.draft_id, lambda each: replace(each, file_name="marked.tsv"))
    (record,) = system.control.scan(Table.IMPORT_DRAFTS, "default", "")
    assert b"marked" not in b"".join([record.body, *_decoded(record.body)])
    system.control.create(Table.IMPORT_DRAFTS, "default", "", "elsewhere", record.body)
    with pytest.raises(Corrupt):
        stored.get("default", "elsewhere")


def _decoded(body: bytes) -> list[bytes]:
    return [base64.b64decode(msgspec.json.decode(body)["sealed"])]
