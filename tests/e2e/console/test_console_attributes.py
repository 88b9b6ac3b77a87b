"""Attributes in the console: added, edited as far as stored values allow, archived, and ranked as identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from services.uploader.console import attributes
from tests.support.browser import Visitor
from tests.support.console_client import console_client, hidden_fields, signed_in
from tests.support.http_system import CRMID, HEADER, HttpSystem

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def uploader(system: HttpSystem) -> Iterator[httpx.Client]:
    with console_client(system, Role.UPLOADER) as client:
        yield client


def added(client: httpx.Client, name: str, **fields: str) -> httpx.Response:
    return client.post("/attributes", data={"name": name, "kind": "text", **fields})


def edited(client: httpx.Client, name: str, **fields: str) -> httpx.Response:
    state = hidden_fields(client.get(f"/attributes/{name}").text, f"/attributes/{name}")
    began = {key.removeprefix("was-"): text for key, text in state.items() if key.startswith("was-")}
    return client.post(f"/attributes/{name}", data={**state, **began, **fields})


def test_names_are_derived_while_one_types(visitor: Visitor, system: HttpSystem) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto("/attributes?add=yes")
    page.get_by_label("Name", exact=True).fill("Favourite Shop")
    page.get_by_label("Display name").fill(MARKUP)
    expect(page.get_by_label("Name", exact=True)).to_have_value("favourite_shop")
    expect(page.get_by_label("Name as macro")).to_have_accessible_description("If empty: FAVOURITE_SHOP")
    page.get_by_label("Use as macro").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    stored = system.viewer.get("/v1/attributes/favourite_shop").json()
    assert (stored["macro"], stored["macro_name"], stored["segmentable"]) == (True, "FAVOURITE_SHOP", True)
    assert not visitor.problems


def test_segments_and_macros_are_explained_where_they_are_named(uploader: httpx.Client, system: HttpSystem) -> None:
    with console_client(system, Role.VIEWER) as viewer:
        for person, address in (
            (uploader, "/attributes?add=yes"),
            (uploader, "/attributes/city"),
            (viewer, "/attributes"),
            (viewer, "/attributes/city"),
        ):
            page = person.get(address).text
            assert "segment is a group of people" in page, address
            assert "macro is a place in a text" in page, address


def test_the_server_derives_the_names_alone_and_keeps_personal_ones_out_of_segments(
    uploader: httpx.Client, system: HttpSystem
) -> None:
    assert added(uploader, "home_phone", pii="yes", segmentable="yes").status_code == 303
    stored = system.viewer.get("/v1/attributes/home_phone").json()
    assert (stored["segment_name"], stored["pii"], stored["segmentable"]) == ("HOME_PHONE", True, False)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "Bad Name"}, "name", "is not a valid name"),
        ({"name": "email"}, "name", "exists already"),
        ({"kind": "enum"}, "argument", "needs options"),
        ({"kind": "date", "argument": "qq"}, "argument", ""),
        ({"kind": "nothing"}, "kind", "is not an input format"),
        ({"segment_name": "lower"}, "segment_name", "not a valid segment name"),
        ({"macro_name": "EMAIL"}, "macro_name", "change that of the other attribute first"),
        ({"display_name": "d" * 201}, "display_name", "has 201 characters"),
    ],
)
def test_each_fault_stands_at_its_field(uploader: httpx.Client, fields: dict[str, str], field: str, words: str) -> None:
    answer = added(uploader, **{"name": "fresh", "macro": "yes", **fields})
    assert answer.status_code in (409, 422)
    assert f'id="{field}-fault"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert words in answer.text


def test_only_formats_that_are_written_in_several_ways_ask_how(visitor: Visitor, system: HttpSystem) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto("/attributes?add=yes")
    written = page.get_by_label("How it is written")
    format = page.get_by_label("Format", exact=True)
    expect(format).to_have_value("text")
    expect(written).to_be_hidden()
    for kind, is_asked in (("date", True), ("email", False), ("enum", True), ("url", False)):
        format.select_option(kind)
        expect(written).to_be_visible(visible=is_asked)


def test_a_text_left_in_a_hidden_field_is_ignored(uploader: httpx.Client, system: HttpSystem) -> None:
    assert added(uploader, "motto", kind="text", argument="dd/MM/yyyy").status_code == 303
    assert system.viewer.get("/v1/attributes/motto").json()["format"] == "text"


def test_the_list_is_filtered_by_any_name(uploader: httpx.Client) -> None:
    added(uploader, "tier", display_name="Loyalty level", macro_name="CARD_COLOUR")
    for text in ("LEVEL", "card_col", "tier"):
        assert "/attributes/tier" in uploader.get("/attributes", params={"q": text}).text
    page = uploader.get("/attributes", params={"q": f"no {MARKUP}"}).text
    assert "Nothing matches" in page
    assert "<script>alert" not in page


def test_stored_values_forbid_a_change_and_the_error_names_the_mapping(
    uploader: httpx.Client, system: HttpSystem
) -> None:
    columns = [
        CRMID,
        {"column": "phone", "attribute": "hm", "pii": True},
        {"column": "preferences", "attribute": "taste"},
    ]
    system.ingest(f"{HEADER}1\t+31201234567\ta\n".encode(), data_source="tasting", mapping=columns)
    answer = edited(uploader, "taste", kind="integer")
    assert answer.status_code == 409
    assert 'id="kind-fault"' in answer.text
    assert "mappings of tasting" in answer.text
    page = answer.text
    assert '<a href="/sources/tasting">' in page
    refused = uploader.post("/attributes/taste/archive", data=hidden_fields(page, "/attributes/taste/archive"))
    assert refused.status_code == 409
    assert "mappings of tasting" in refused.text


def test_a_built_in_attribute_offers_no_change_of_its_format(uploader: httpx.Client, system: HttpSystem) -> None:
    page = uploader.get("/attributes/email").text
    assert 'name="kind"' not in page
    assert 'name="pii"' not in page
    assert edited(uploader, "email", display_name="Mail", kind="text", pii="").status_code == 303
    stored = system.viewer.get("/v1/attributes/email").json()
    assert (stored["display_name"], stored["format"], stored["pii"]) == ("Mail", "email", True)


def test_a_conflict_is_merged(uploader: httpx.Client, system: HttpSystem) -> None:
    added(uploader, "shared_one")
    state = hidden_fields(uploader.get("/attributes/shared_one").text, "/attributes/shared_one")
    edited(uploader, "shared_one", display_name="Theirs")
    began = {key.removeprefix("was-"): text for key, text in state.items() if key.startswith("was-")}
    answer = uploader.post("/attributes/shared_one", data={**state, **began, "macro": "yes"})
    assert answer.status_code == 412
    assert 'value="Theirs"' in answer.text
    assert "this is the new value" in answer.text


def test_identifiers_that_imports_have_used_keep_their_places(uploader: httpx.Client, system: HttpSystem) -> None:
    system.ingest(f"{HEADER}1\t+31201234567\ta\n".encode())
    fixed = system.viewer.get("/v1/identifiers").json()
    assert fixed["fixed"] == 1
    page = uploader.get("/attributes").text
    assert 'aria-label="Move CRM ID down"' not in page
    last = fixed["identifiers"][-1]
    answer = uploader.post("/identifiers", data={"revision": fixed["revision"], "up": last})
    assert answer.status_code == 303
    assert system.viewer.get("/v1/identifiers").json()["identifiers"][-2] == last
    stale = uploader.post("/identifiers", data={"revision": fixed["revision"], "up": last})
    assert stale.status_code == 412
    assert "Below is the present order" in stale.text
    revision = system.viewer.get("/v1/identifiers").json()["revision"]
    refused = uploader.post("/identifiers", data={"revision": revision, "down": "crmid"})
    assert refused.status_code == 409
    assert "is fixed" in refused.text


def test_a_viewer_sees_no_buttons_and_is_refused_all_the_same(system: HttpSystem) -> None:
    with console_client(system, Role.VIEWER) as viewer:
        assert "New attribute" not in viewer.get("/attributes").text
        for path in ("/attributes/email", "/attributes"):
            page = viewer.get(path).text
            assert '<form method="post"' not in page[page.index("<main") :]
        for path in ("/attributes", "/attributes/email", "/attributes/email/archive", "/identifiers"):
            assert viewer.post(path, data={"name": "mine"}).status_code == 403, path


def test_attributes_are_listed_by_their_display_names_page_by_page(
    system: HttpSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributes, "PAGE", 7)
    with signed_in(system, Role.VIEWER) as viewer:
        address, listed = "/attributes", []
        while address:
            page = viewer.get(address).text
            listed += re.findall(r'<a class="strong" href="/attributes/\w+">([^<]+)</a>', page)
            more = re.search(r'href="([^"]+)">More</a>', page)
            address = unescape(more[1]) if more else ""
    assert listed == sorted(listed, key=str.casefold)
    assert len(listed) == len(system.viewer.get("/v1/attributes").json()["attributes"])
