"""The data source of an import: one is chosen or a new one is named, and it can be changed on the draft."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.http_system import HttpSystem
from tests.support.new_import import NewImport

TILL = [
    {"column": "nr", "attribute": "crmid", "identifier": True},
    {"column": "plaats", "attribute": "region", "blanks": ["geen"]},
]
CONTENT = b"nr\tplaats\ntill1\tgeen\ntill2\tGhent\n"


def till(system: HttpSystem) -> None:
    """A data source whose mapping knows the columns of `CONTENT`, and whose imports replace."""
    defaults = {"mode": "replace"}
    system.admin.post("/v1/data-sources", json={"name": "till", "display_name": "Tills", "defaults": defaults})
    answer = system.admin.put("/v1/data-sources/till/mapping", json={"columns": TILL})
    assert answer.status_code < 300, answer.text


def test_a_chosen_source_and_a_new_one_are_refused_at_their_fields(system: HttpSystem) -> None:
    system.admin.post("/v1/data-sources", json={"name": "both", "display_name": "Both shops"})
    with signed_in(system, Role.ADMIN) as person:
        answer = person.post("/imports/new", data={"source": "both", "new_source": "Third shop"})
    assert answer.status_code == 422
    assert "Both “Both shops” and a new data source, “Third shop”, are given." in answer.text
    fields = re.findall(r'<(?:select|input)[^>]* aria-invalid="true"[^>]*>', answer.text)
    assert [re.findall(' id="([^"]+)"', each) for each in fields] == [["source"], ["new_source"]]
    assert all(re.search('aria-describedby="[^"]*source-fault', each) for each in fields)
    assert 'value="both" selected' in answer.text
    assert 'value="Third shop"' in answer.text
    sources = [each["name"] for each in system.admin.get("/v1/data-sources").json()["data_sources"]]
    assert "third_shop" not in sources


def test_the_source_of_a_draft_is_changed_without_scripts(system: HttpSystem) -> None:
    till(system)
    with signed_in(system, Role.ADMIN) as person:
        draft = NewImport(person)
        draft.upload(CONTENT)
        assert "Same as last time" not in draft.page
        draft.send(max_rejects="7")
        draft.open()
        assert f'<a href="{draft.path}/source"' in draft.page
        form = person.get(f"{draft.path}/source").text
        assert '<option value="till">Tills</option>' in form
        assert '<option value="crm"' not in form, "it is the present one"

        both = person.post(f"{draft.path}/source", data={"source": "till", "new_source": "Other"})
        assert both.status_code == 422
        assert "are given" in both.text
        draft.open()
        assert "Source: crm" in draft.page
        changed = person.post(f"{draft.path}/source", data={"source": "till"})
        assert (changed.status_code, changed.headers["location"]) == (303, draft.path)
        draft.open()
        assert "Source: Tills" in draft.page
        assert "Arrived." in draft.page
        assert draft.page.count("Same as last time") == 2
        assert re.search(r'value="replace" checked', draft.page), "as the other source has it"
        assert 'value="7"' in draft.page
        assert system.ended(draft.accept())["data_source"] == "till"


def test_an_import_that_has_begun_keeps_its_source(system: HttpSystem) -> None:
    till(system)
    with signed_in(system, Role.UPLOADER) as person:
        draft = NewImport(person)
        draft.upload(b"crmid\temail\nbegun1\tann@example.com\n")
        request_id = draft.accept()
        late = person.post(f"{draft.path}/source", data={"source": "till"})
        assert late.status_code == 422
        assert "has begun already" in late.text
        assert person.get(f"{draft.path}/source").headers["location"] == f"/imports/{request_id}"


def test_a_change_of_the_source_keeps_fresh_entries(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    till(system)
    file = tmp_path / "tills.tsv"
    file.write_bytes(CONTENT)
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto("/imports/new?source=crm")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Choose a file").set_input_files(file)
    expect(page.get_by_label("Attribute of plaats")).to_be_visible()
    page.get_by_label("Wait for approval above so many rejected rows").fill("12")
    page.get_by_role("link", name="Change the data source").click()
    page.get_by_label("Source", exact=True).select_option("till")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_label("Attribute of plaats")).to_have_value("region")
    expect(page.get_by_label("Wait for approval above so many rejected rows")).to_have_value("12")
    expect(page.locator("#steps")).to_contain_text("Source: Tills")
    assert not visitor.problems
