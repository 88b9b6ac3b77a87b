"""The upload history: filters in the address, saved views, export, pages, and names that are hostile."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from services.uploader.console import history
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.console_sample import LONG, Sample
from tests.support.http_system import HttpSystem


@pytest.fixture(scope="module")
def sample(system: HttpSystem) -> Sample:
    return Sample(system)


@pytest.fixture(scope="module")
def viewer(system: HttpSystem, sample: Sample) -> Iterator[httpx.Client]:
    with signed_in(system, Role.VIEWER, "vic") as client:
        yield client


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_filters_become_a_view_of_the_person_that_another_browser_has_too(
    visitor: Visitor, system: HttpSystem, sample: Sample
) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto("/imports")
    expect(page.get_by_role("row")).to_have_count(7)
    page.get_by_label("Status").select_option("waits-for-approval")
    page.get_by_role("button", name="Filter").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("In Progress")
    expect(row).to_contain_text("waits for approval")
    page.get_by_label("Save these filters as").fill('needs me "><script>')
    page.get_by_role("button", name="Save view").click()
    other = visitor.new_page()
    other.goto("/imports")
    other.get_by_role("link", name='needs me "><script>').click()
    expect(other.get_by_role("row")).to_have_count(2)
    other.get_by_role("button", name="Delete this view").click()
    expect(other.get_by_role("navigation", name="Saved views")).to_have_count(0)
    assert not visitor.problems


def test_the_export_has_what_the_filters_select_and_no_formula(viewer: httpx.Client) -> None:
    answer = viewer.get("/imports/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="imports.csv"'
    assert len(rows(answer)) == 6
    assert "0" in {row["rows_rejected"] for row in rows(answer)}
    assert "" not in {row["rows_rejected"] for row in rows(answer)}
    failed = rows(viewer.get("/imports/export?status=failed"))
    assert [(row["file_name"], row["status"], row["rows_rejected"]) for row in failed] == [
        ("partner.tsv", "FAILED", "5")
    ]


def test_pages_follow_each_other_without_gaps(viewer: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 4)
    first = viewer.get("/imports").text
    older = viewer.get("/imports?" + first.partition('href="/imports?&amp;')[2].partition('"')[0]).text
    assert [page.count('<tr id="r-') for page in (first, older)] == [4, 2]


def test_imports_with_rejected_rows_are_a_filter_that_can_be_saved(viewer: httpx.Client) -> None:
    answer = viewer.get("/imports?rejects=yes")
    assert 'name="rejects" value="yes" checked' in answer.text
    assert '<input type="hidden" name="rejects" value="yes">' in answer.text
    found = rows(viewer.get("/imports/export?rejects=yes"))
    assert found
    assert all(int(row["rows_rejected"]) > 0 for row in found)
    assert len(found) < len(rows(viewer.get("/imports/export")))


@pytest.mark.parametrize("query", ["status=nonsense", "day=2026-99-99", "rejects=no"])
def test_an_address_of_no_page_is_refused_in_words(viewer: httpx.Client, query: str) -> None:
    answer = viewer.get(f"/imports?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_nothing_found_leads_back_to_all(viewer: httpx.Client) -> None:
    found = viewer.get(f"/imports?file={quote(LONG[:40].upper())}").text
    assert found.count('<tr id="r-') == 1
    nothing = viewer.get('/imports?file="><script>alert(1)</script>').text
    assert "Nothing matches" in nothing
    assert "<script>alert" not in nothing
