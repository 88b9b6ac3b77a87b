"""The audit in the console: entries of a day, with filters, page by page, and as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import httpx
import pytest

from penstock.application.access.audit import Audit, Outcome
from penstock.domain.access.permissions import Role
from services.uploader.console import audit as page_module
from tests.support.access import caller
from tests.support.console_client import console_client
from tests.support.http_system import HEADER, HttpSystem

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
REQUEST = "01a2281f-8e4e-78d0-9025-beb0418681e6"


@pytest.fixture(scope="module")
def auditor(system: HttpSystem) -> Iterator[httpx.Client]:
    with console_client(system, Role.AUDITOR) as client:
        yield client


def record(system: HttpSystem, who: str, action: str, number: int = 1, **fields: object) -> None:
    audit = Audit(system.standalone.system.control, system.standalone.system.clock)
    for at in range(number):
        audit.record(caller(Role.ADMIN, name=who), action, details={"number": str(at)}, **fields)  # type: ignore[arg-type]


def numbers(page: str) -> list[int]:
    return [int(each) for each in re.findall(r">number: (\d+)</p>", page)]


def test_pages_go_on_where_the_one_before_ended(auditor: httpx.Client, system: HttpSystem) -> None:
    record(system, "pager", "test.paged", 120)
    address, found = "/audit?who=pager", []
    while address:
        page = auditor.get(address).text
        found += numbers(page)
        older = re.search(r'href="([^"]*)">Older', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert found == list(range(119, -1, -1))


def test_filters_select_within_the_day(auditor: httpx.Client, system: HttpSystem) -> None:
    record(system, "Ann of CRM", "test.filtered", outcome=Outcome.DENIED)
    record(system, "Bob", "test.filtered", 2)
    assert len(numbers(auditor.get("/audit?action=filtered").text)) == 3
    assert len(numbers(auditor.get("/audit?action=filtered&who=of+crm").text)) == 1
    assert len(numbers(auditor.get("/audit?action=filtered&outcome=denied").text)) == 1
    assert "Nothing was recorded" in auditor.get("/audit?day=2020-02-29").text
    assert 'href="/audit?day=2020-02-28' in auditor.get("/audit?day=2020-02-29").text
    for first_or_last in ("0001-01-01", "9999-12-31"):
        assert "Nothing was recorded" in auditor.get(f"/audit?day={first_or_last}").text


def test_a_rare_entry_is_found_by_looking_further(
    auditor: httpx.Client, system: HttpSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MAX_READ", 10)
    record(system, "rare", "test.rare")
    record(system, "frequent", "test.frequent", 25)
    address = "/audit?who=rare"
    for _ in range(10):
        page = auditor.get(address).text
        if numbers(page):
            break
        further = re.search(r'href="([^"]*)">Look further', page)
        assert further is not None
        address = further[1].replace("&amp;", "&")
    assert numbers(page) == [0]


def test_an_entry_leads_to_its_import_and_shows_markup_as_text(auditor: httpx.Client, system: HttpSystem) -> None:
    record(system, MARKUP, "test.shown", request_id=REQUEST)
    page = auditor.get("/audit", params={"who": MARKUP}).text
    assert f'href="/imports/{REQUEST}"' in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_an_entry_says_what_was_done_in_words(auditor: httpx.Client, system: HttpSystem) -> None:
    with console_client(system, Role.ADMIN, "key-manager") as admin:
        admin.post("/keys", data={"name": "CRM team", "role": "uploader", "days": "90"})
        keys = system.admin.get("/v1/api-keys").json()["api_keys"]
        key_id = next(key["key_id"] for key in keys if key["name"] == "CRM team")
        for person, name in ((admin, "key: CRM team "), (auditor, "key: ")):
            page = person.get("/audit?who=key-manager&action=create+an+api").text
            assert "Create an API key" in page
            assert "<code>key.create</code>" in page
            assert f'{name}<code title="{key_id}">{key_id[:12]}…</code>' in page
            assert "created key id" not in page


def test_the_export_has_what_the_filters_select(auditor: httpx.Client, system: HttpSystem) -> None:
    record(system, "=cmd|calc", "test.exported", 60)
    answer = auditor.get("/audit/export?action=test.exported")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["details"] for row in rows] == [f"number={at}" for at in range(59, -1, -1)]
    assert not rows[0]["who"].startswith("=")


@pytest.mark.parametrize("query", ["day=yesterday", "outcome=none", "before=x"])
def test_an_address_that_no_page_has_made_gets_a_page(auditor: httpx.Client, query: str) -> None:
    answer = auditor.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_viewer_is_refused(system: HttpSystem) -> None:
    with console_client(system, Role.VIEWER) as viewer:
        assert 'href="/audit"' not in viewer.get("/sources").text
        for path in ("/audit", "/audit/export"):
            assert viewer.get(path).status_code == 403


def test_an_import_has_the_name_of_its_file_for_those_who_may_see_imports(
    auditor: httpx.Client, system: HttpSystem
) -> None:
    request_id = system.ingest(f"{HEADER}audit1\t\t\n".encode(), name="named<b>.tsv")["request_id"]
    with console_client(system, Role.ADMIN) as admin:
        page = admin.get("/audit?action=request.upload").text
        assert f'<a href="/imports/{request_id}" class="wide">named&lt;b&gt;.tsv</a>' in page
    assert f'<a href="/imports/{request_id}"><code' in auditor.get("/audit?action=request.upload").text
