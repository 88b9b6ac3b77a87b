"""Data sources in the console: added, edited, compared, archived; and what a viewer sees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from tests.support.browser import Visitor
from tests.support.console_client import console_client, hidden_fields, signed_in
from tests.support.http_system import CRMID, HEADER, HttpSystem

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def uploader(system: HttpSystem) -> Iterator[httpx.Client]:
    with console_client(system, Role.UPLOADER) as client:
        yield client


@pytest.fixture(scope="module")
def viewer(system: HttpSystem) -> Iterator[httpx.Client]:
    with console_client(system, Role.VIEWER) as client:
        yield client


def edited(client: httpx.Client, name: str, **fields: str) -> httpx.Response:
    """What the form of a data source answers when these fields are changed in it."""
    state = hidden_fields(client.get(f"/sources/{name}").text, f"/sources/{name}")
    return sent_back(client, name, state, **fields)


def sent_back(client: httpx.Client, name: str, state: dict[str, str], **fields: str) -> httpx.Response:
    began = {key.removeprefix("was-"): text for key, text in state.items() if key.startswith("was-")}
    return client.post(f"/sources/{name}", data={**state, **began, **fields})


def save_mapping(system: HttpSystem, name: str, *columns: dict[str, Any]) -> None:
    answer = system.uploader.put(f"/v1/data-sources/{name}/mapping", json={"columns": columns})
    assert answer.is_success, answer.text


def test_a_source_is_added_and_edited(visitor: Visitor, system: HttpSystem) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="+ Add New").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("2nd Till")
    page.get_by_label("Display name").fill(MARKUP)
    page.get_by_role("button", name="Add data source").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Display name")).to_have_value(MARKUP)
    visitor.problems.clear()  # the browser notes the refusal, a 422
    name.fill("till_receipts")
    page.get_by_role("button", name="Add data source").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    page.get_by_label("Mode").select_option(label="Remove existing and add new")
    page.get_by_label("E-mail to").fill("ann@example.com:problems")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    stored = system.viewer.get("/v1/data-sources/till_receipts").json()
    assert stored["defaults"]["mode"] == "replace"
    assert stored["defaults"]["notify"] == [{"address": "ann@example.com", "level": "problems"}]
    assert not visitor.problems


def test_a_refused_form_keeps_what_was_entered_and_names_each_fault(uploader: httpx.Client) -> None:
    answer = edited(uploader, "crm", owner="o" * 201, notify="nobody", max_rejects="many", max_file_mb="big")
    assert answer.status_code == 422
    for field in ("owner", "notify", "max_rejects", "max_file_mb"):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}-fault"' in answer.text
    assert 'value="many"' in answer.text
    assert "Write a number of MB" in answer.text


def test_the_size_of_a_file_is_written_in_mb(uploader: httpx.Client, system: HttpSystem) -> None:
    assert edited(uploader, "crm", max_file_mb="1.5").status_code == 303
    assert system.viewer.get("/v1/data-sources/crm").json()["defaults"]["max_file_bytes"] == 1_500_000
    assert 'name="max_file_mb" aria-describedby="max_file_mb-note" value="1.5"' in uploader.get("/sources/crm").text
    assert edited(uploader, "crm", max_file_mb="").status_code == 303


def test_a_conflict_keeps_both_and_says_what_changed(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "shared"})
    state = hidden_fields(uploader.get("/sources/shared").text, "/sources/shared")
    assert edited(uploader, "shared", owner="the other team", description="theirs").status_code == 303
    answer = sent_back(uploader, "shared", state, owner="my team", max_rejects="7")
    assert answer.status_code == 412
    assert "to “the other team”. Saving replaces that with yours" in answer.text
    assert "theirs</textarea>" in answer.text
    assert 'value="my team"' in answer.text
    again = sent_back(uploader, "shared", hidden_fields(answer.text, "/sources/shared"), owner="my team")
    assert again.status_code == 303
    stored = system.viewer.get("/v1/data-sources/shared").json()
    assert (stored["owner"], stored["description"]) == ("my team", "theirs")


def test_a_name_that_is_taken_says_by_what(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "taken", "display_name": "Loyalty cards"})
    answer = uploader.post("/sources", data={"name": "taken", "owner": "me"})
    assert answer.status_code == 409
    assert "The data source taken “Loyalty cards” exists already" in answer.text
    assert 'value="me"' in answer.text


def test_archived_sources_are_listed_on_request(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "old"})
    page = uploader.get("/sources/old").text
    assert uploader.post("/sources/old/archive", data=hidden_fields(page, "/sources/old/archive")).status_code == 303
    assert "/sources/old" not in uploader.get("/sources").text
    assert "/sources/old" in uploader.get("/sources?archived=yes").text
    page = uploader.get("/sources/old").text
    stale = uploader.post("/sources/old/unarchive", data={"revision": "1"})
    assert stale.status_code == 412
    assert uploader.post("/sources/old/delete", data=hidden_fields(page, "/sources/old/delete")).status_code == 303
    assert uploader.get("/sources/old").status_code == 404


def test_a_source_leads_to_its_import(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "fresh"})
    link = 'href="/imports/new?source=fresh"'
    for path in ("/sources", "/sources/fresh"):
        assert link in uploader.get(path).text
    assert uploader.get("/imports/new?source=fresh").status_code == 200
    system.uploader.post("/v1/data-sources/fresh:archive")
    assert link not in uploader.get("/sources/fresh").text


def test_a_mapping_has_its_words_for_blank_and_its_replaced_values(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "words"})
    level = {"column": "level", "attribute": "card_level", "blanks": ["brak", "b.d."], "values": {"A": "first"}}
    hobby = {"column": "hobby", "attribute": "hobby", "pii": True, "values": {"Z": "sailing"}}
    save_mapping(system, "words", CRMID, level, hobby)
    for path in ("/sources/words", "/sources/words/mapping"):
        page = uploader.get(path).text
        assert "Blank: brak, b.d." in page
        assert "1 value replaced: A → first" in page
        assert "sailing" not in page


def test_versions_of_a_mapping_are_compared_and_restored(uploader: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "cards"})
    tier = {"column": "tier", "attribute": "card_tier", "format": "enum(gold|silver)"}
    born = {"column": "born", "attribute": "born_on", "format": "date(dd/MM/yyyy)", "pii": True}
    save_mapping(system, "cards", CRMID, tier)
    save_mapping(system, "cards", CRMID, {**tier, "policy": "keep_first"}, born)
    page = uploader.get("/sources/cards/mapping").text
    assert "born → Born on" in page
    assert "Which value counts: The newest value wins → The first value stays" in page
    assert "Date, dd/MM/yyyy" in page
    older = uploader.get("/sources/cards/mapping?version=1").text
    assert "One of a list, gold | silver" in older
    answer = uploader.post("/sources/cards/restore", data=hidden_fields(older, "/sources/cards/restore"))
    assert answer.status_code == 303
    assert system.viewer.get("/v1/data-sources/cards/mapping").json()["version"] == 3
    stale = uploader.post("/sources/cards/restore", data={"version": "2", "base": "2"})
    assert stale.status_code == 412


@pytest.mark.parametrize("query", ["version=9", "version=x", "version=1&base=8"])
def test_an_address_of_no_version_gets_a_page(uploader: httpx.Client, system: HttpSystem, query: str) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "loyalty"})
    save_mapping(system, "loyalty", CRMID)
    answer = uploader.get(f"/sources/loyalty/mapping?{query}")
    assert answer.status_code == (200 if query == "version=x" else 404)


def test_the_last_imports_are_drawn(viewer: httpx.Client, system: HttpSystem) -> None:
    system.ingest(f"{HEADER}1\t+31201234567\ta\n2\t+31201234568\tb\n".encode(), data_source="drawn")
    page = viewer.get("/sources/drawn").text
    assert "One import: 2 rows, 0 % rejected." in page
    assert page.count("<rect") == 2


def test_a_viewer_sees_no_buttons_and_is_refused_all_the_same(viewer: httpx.Client, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "seen"})
    assert "Add New" not in viewer.get("/sources").text
    assert "Ingest" not in viewer.get("/sources").text
    page = viewer.get("/sources/seen").text
    main = page[page.index("<main") :]
    assert "<form" not in main
    for path in ("/sources", "/sources/seen", "/sources/seen/archive", "/sources/seen/delete", "/sources/seen/restore"):
        assert viewer.post(path, data={"name": "mine"}).status_code == 403, path
    assert system.viewer.get("/v1/data-sources/seen").json()["revision"] == 1


def test_a_source_of_nobody_is_not_found(viewer: httpx.Client) -> None:
    answer = viewer.get("/sources/<script>")
    assert answer.status_code == 404
    assert "<script>'" not in answer.text


LINES = """cell => {
  const lines = [], range = document.createRange(), walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    for (let at = 0; at < node.length; at++) {
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const top = Math.round(range.getBoundingClientRect().top);
      if (!lines.length || lines.at(-1).top !== top) lines.push({ top, text: "" });
      lines.at(-1).text += node.data[at];
    }
  }
  return lines.map((line) => line.text);
}"""


@pytest.mark.parametrize("width", [1280, 900, 740, 360])
def test_a_long_column_name_breaks_between_its_words(visitor: Visitor, system: HttpSystem, width: int) -> None:
    name = "customerLoyaltyProgrammeMembershipNumber_of_the_preferred_shop"
    columns = [CRMID, {"column": name, "attribute": "city"}]
    system.ingest(f"crmid\t{name}\nb1\tGhent\n".encode(), data_source="broken", mapping=columns)
    visitor.sign_in(system.sign_in_link())
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.page.goto("/sources/broken")
    cell = visitor.page.locator("#mapping td").filter(has_text=name)
    lines = cell.evaluate(LINES)
    assert "".join(lines) == name
    assert len(lines) > (width < 900), "it is too long for one line"
    for line, following in pairwise(lines):
        assert line.endswith("_") or following[0].isupper(), lines


def test_the_list_shows_the_last_import_that_nobody_has_taken_back(system: HttpSystem) -> None:
    system.admin.post("/v1/data-sources", json={"name": "taken_back"})
    mapping = [{"column": "crmid", "attribute": "crmid", "identifier": True}]
    uploads = [
        system.ingest(f"crmid\n{rows}".encode(), data_source="taken_back", mapping=mapping)
        for rows in ("back1\nback2\n", "back3\n")
    ]
    system.admin.post(f"/v1/requests/{uploads[1]['request_id']}:undo").raise_for_status()
    with signed_in(system, Role.VIEWER) as viewer:
        row = viewer.get("/sources").text.partition('href="/sources/taken_back"')[2].partition("</tr>")[0]
        assert "Completed" in row
        assert 'data-label="Rows" class="figure">2<' in row
        system.admin.post(f"/v1/requests/{uploads[0]['request_id']}:undo").raise_for_status()
        row = viewer.get("/sources").text.partition('href="/sources/taken_back"')[2].partition("</tr>")[0]
    assert "Reverted" in row
    assert 'data-label="Rows" class="figure">1<' in row
