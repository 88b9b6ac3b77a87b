"""The home page: how to begin, what needs a person, and what each role finds there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from penstock.application.requests.use_cases import RequestUseCases
from penstock.domain.access.permissions import Role
from services.cli.sample import write_sample
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.console_sample import LONG, Sample
from tests.support.http_system import HttpSystem, serving
from tests.support.waiting import until


def sample_address(page: str) -> str:
    return page.partition('<a href="/static')[2].partition('"')[0]


def test_before_the_first_import_there_are_three_steps_and_a_sample_file(system: HttpSystem, tmp_path: Path) -> None:
    with signed_in(system) as person:
        text = person.get("/").text
        assert "Your first import, in three steps" in text
        sample = person.get(f"/static{sample_address(text)}")
    assert sample.headers["content-type"].startswith("text/tab-separated-values")
    write_sample(tmp_path / "made.tsv", 100, seed=1, faulty=4)
    assert sample.content == (tmp_path / "made.tsv").read_bytes(), "write static/sample-customers.tsv again"


def test_the_only_source_is_chosen_until_there_is_another(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as system, signed_in(system) as person:
        for name, chosen in (("crm", True), ("shop", False)):
            system.admin.post("/v1/data-sources", json={"name": name})
            assert ('value="crm" selected' in person.get("/imports/new").text) is chosen
        assert 'value="shop" selected' in person.get("/imports/new?source=shop").text


def test_each_role_finds_what_it_may_do_and_nothing_else(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as system:
        Sample(system)
        texts = {}
        for role in Role:
            with signed_in(system, role, f"{role}") as person:
                texts[role] = person.get("/").text
                unlinked = [path for path in links(texts[role]) if person.get(path).status_code != 200]
                assert not unlinked, role
    for role in (Role.VIEWER, Role.UPLOADER, Role.ADMIN, Role.PRIVACY):
        assert "loyalty_full.tsv" in texts[role], "held"
        assert "partner.tsv" in texts[role], "failed"
        assert LONG not in texts[role], "completed"
    assert {role for role in Role if "New import" in texts[role]} == {Role.UPLOADER, Role.ADMIN}
    assert "Look a person up" in texts[Role.PRIVACY]
    assert "loyalty_full.tsv" not in texts[Role.AUDITOR]
    with_rejects = {role for role in Role if "Completed with rejected rows" in texts[role]}
    readers = {Role.VIEWER, Role.UPLOADER, Role.ADMIN, Role.PRIVACY}
    assert with_rejects == {role for role in Role if "crm_export.tsv" in texts[role]} == readers
    assert {role for role in readers if "You may see imports; " in texts[role]} == {Role.VIEWER, Role.PRIVACY}


def test_imports_name_their_source_as_people_call_it(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as system, signed_in(system) as person:
        system.admin.post("/v1/data-sources", json={"name": "store_crm", "display_name": "The store’s CRM"})
        mapping = [{"column": "crmid", "attribute": "crmid", "identifier": True}]
        request_id = system.ingest(b"crmid\nc1\n", data_source="store_crm", mapping=mapping)["request_id"]
        person.post("/imports/new", data={"source": "store_crm"})
        for path in ("/", "/imports", f"/imports/{request_id}"):
            assert "The store’s CRM" in person.get(path).text, path


def seen_on(page: str) -> str:
    """The address at which the page asks what is new."""
    return unescape(re.findall(r'<div id="now"[^>]* hx-get="([^"]+)"', page)[0])


def test_a_look_at_which_nothing_is_new_reads_no_lists(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"HX-Request": "true"}
    failed: list[object] = []
    page_of = RequestUseCases.page

    def page(*given: Any, **options: Any) -> Any:
        failed.extend([options["only"]] if "only" in options else [])
        return page_of(*given, **options)

    monkeypatch.setattr(RequestUseCases, "page", page)
    page.use_case = page_of.use_case  # type: ignore[attr-defined]
    system.ingest(b"crmid\tphone\tpreferences\nseen1\t0612345678\tshoes\n")
    with signed_in(system) as person:

        def is_unchanged() -> bool:
            address = seen_on(person.get("/").text)
            failed.clear()
            return person.get(address, headers=part).status_code == 204

        until(is_unchanged)  # within a minute
        assert failed == []
        address = seen_on(person.get("/").text)
        system.ingest(b"crmid\tphone\tpreferences\n\t\tshoes\n", name="began-and-ended.tsv")
        changed = person.get(address, headers=part)
        assert changed.status_code == 200
        assert "began-and-ended.tsv" in changed.text
        assert seen_on(changed.text) != address


def test_the_page_goes_on_looking(visitor: Visitor, system: HttpSystem) -> None:
    system.ingest(b"crmid\tphone\tpreferences\nlook1\t0612345678\tshoes\n")
    page = visitor.page
    page.clock.install()
    visitor.sign_in(system.sign_in_link())

    def look(status: int) -> None:
        with page.expect_response(lambda answer: "/?seen=" in answer.url and answer.status == status):
            until(lambda: page.clock.run_for(5_000) is None)

    look(204)
    expect(page.get_by_role("region", name="Needs a person")).to_be_visible()
    system.ingest(b"crmid\tphone\tpreferences\n\t\tshoes\n", name="meanwhile.tsv")
    look(200)
    expect(page.get_by_role("link", name="meanwhile.tsv")).to_be_visible()
    look(204)
    expect(page.get_by_role("link", name="meanwhile.tsv")).to_be_visible()
    assert not visitor.problems


def links(text: str) -> set[str]:
    """The pages that a page leads to, but for style sheets."""
    found = (part.partition('"')[0] for part in text.split('href="')[1:])
    return {httpx.URL(each).path for each in found if each.startswith("/") and not each.startswith("/static")}
