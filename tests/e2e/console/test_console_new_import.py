"""A new import: from the first click to the stored profile, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from penstock.domain.access.permissions import Role
from tests.support.access import create_key
from tests.support.axe import violations
from tests.support.browser import Visitor
from tests.support.http_system import CRMID, HttpSystem
from tests.support.new_import import REQUEST_ID, fields_of
from tests.support.waiting import until

ANYWAY = {"unchecked": "yes"}  # although columns say "Please check"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
CITY = {"column": "city", "attribute": "city"}
HOSTILE = '"><img src=x onerror=alert(1)>'
HEADER = f"crmid\te_mail\tkaart\t{HOSTILE}\n"


def rows(count: int) -> str:
    return "".join(f"{n:06}\tann{n}@example.com\t{'gold' if n % 2 else 'silver'}\t<b>{n}</b>\n" for n in range(count))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "people.tsv"
    path.write_text(HEADER + rows(40))
    return path


def begun(page: Page, source: str) -> None:
    """The page of a new draft."""
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option(source)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/imports/new/[0-9a-f]+$"))


def test_a_file_that_is_chosen_before_the_script_has_loaded_is_uploaded(
    visitor: Visitor, system: HttpSystem, tmp_path: Path
) -> None:
    early = tmp_path / "early.tsv"
    early.write_text(HEADER + rows(40))
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option("crm")
    scripts: list[Route] = []
    page.route(re.compile(r"/import\..*js"), lambda route: scripts.append(route))
    page.get_by_role("button", name="Continue").click(no_wait_after=True)
    page.wait_for_url(re.compile("/imports/new/[0-9a-f]+$"), wait_until="commit")
    page.get_by_label("Choose a file").set_input_files(early)
    (script,) = scripts
    script.continue_()
    expect(page.get_by_label("Attribute of crmid")).to_be_visible()
    assert not visitor.problems


def test_from_the_first_click_to_the_stored_profile(visitor: Visitor, system: HttpSystem, small: Path) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.get_by_role("link", name="New import").click()
    page.get_by_label("Source", exact=True).select_option("")
    page.get_by_label("Or a new one").fill("Store CRM")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the file to import")
    expect(page.get_by_label("Choose a file")).to_be_focused()

    page.get_by_label("Choose a file").set_input_files(small)
    expect(page.get_by_label("Attribute of crmid")).to_have_value("crmid")
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("Columns")
    expect(page.get_by_role("row").filter(has_text="e_mail")).not_to_contain_text("@example.com")
    page.get_by_label("Format of crmid").select_option("other")
    expect(page.get_by_label("Other format").first).to_be_focused()
    page.get_by_role("button", name="Show the samples").click()
    expect(page.get_by_role("row").filter(has_text="e_mail")).to_contain_text("ann0@example.com")
    actions = [record["action"] for record in system.admin.get("/v1/audit").json()["entries"]]
    assert "import.reveal" in actions

    page.get_by_role("button", name="New attribute for kaart").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Card level")
    expect(dialog).to_contain_text("CARD_LEVEL")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Attribute of kaart")).to_have_value("card_level")
    expect(page.get_by_role("row").filter(has_text="e_mail")).to_contain_text("ann0@example.com")

    hostile = page.get_by_role("row").filter(has_text="<b>0</b>").get_by_role("combobox").first
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        hostile.select_option("")
    page.goto("/")
    page.get_by_role("link", name="people.tsv").click()
    expect(hostile).to_have_value("")
    page.get_by_role("button", name="Check the whole file").click()
    expect(page.get_by_text("40 of 40 rows can be imported")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Check", exact=True)).to_be_focused()
    page.get_by_role("button", name="Import 40 rows").click()
    page.wait_for_url(re.compile(f"/imports.*{REQUEST_ID}"))
    request_id = re.findall(REQUEST_ID, page.url)[0]
    assert system.ended(request_id)["status"] == "COMPLETED"
    profile = system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "000001"})
    assert profile.status_code == 200, profile.text
    assert "gold" in profile.text
    assert visitor.problems == [
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]


def test_a_row_follows_its_choices_and_the_focus_stays(visitor: Visitor, system: HttpSystem, small: Path) -> None:
    attribute = {"name": "level", "format": "enum(high|low)"}
    assert system.admin.post("/v1/attributes", json=attribute).status_code < 300
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(small)
    kaart = page.get_by_label("Attribute of kaart")
    expect(kaart).to_be_visible()
    page.get_by_role("button", name="Check the whole file").click()
    expect(page.get_by_role("button", name="Import 40 rows")).to_be_visible()
    kaart.focus()
    before = kaart.bounding_box()
    kaart.select_option("level")
    gold = page.get_by_role("combobox", name="gold kaart")
    expect(gold).to_be_visible()
    expect(kaart).to_be_focused()
    assert kaart.bounding_box() == before
    expect(page.get_by_text("Something was changed since this check")).to_be_visible()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_label("Format of kaart")).to_have_value("")

    gold.focus()
    gold.select_option("high")
    expect(page.get_by_text("1 value without a match")).to_be_visible()
    expect(gold).to_be_focused()
    page.get_by_role("textbox", name="Another cell of kaart").fill("brons")
    page.get_by_role("combobox", name="What another cell means in kaart").select_option("low")
    expect(page.get_by_role("combobox", name="brons kaart")).to_have_value("low")
    expect(page.get_by_role("textbox", name="Another cell of kaart")).to_have_value("")
    page.get_by_role("combobox", name="silver kaart").select_option("low")
    expect(page.get_by_text("3 values matched")).to_be_visible()
    page.reload()
    expect(page.get_by_text("3 values matched")).to_be_visible()

    page.get_by_role("button", name="Show the samples").click()
    mail = page.get_by_role("row").filter(has_text="e_mail")
    expect(mail).to_contain_text("ann0@example.com")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_label("Identifier of a person: e_mail").click()
    assert "ann0@" not in answer.value.text()
    expect(page.locator("#saved")).to_be_visible()
    expect(mail).to_contain_text("ann0@example.com")

    page.get_by_text("3 values matched").click()
    each_change = "event => { document.body.dataset.changes = Number(document.body.dataset.changes ?? 0) + 1; }"
    page.evaluate(f"document.addEventListener('htmx:config:request', {each_change})")
    held: list[Route] = []
    page.route("**/imports/new/*", lambda route: route.continue_() if held else held.append(route))
    for count, option in enumerate(["low", "", "high"], 1):  # two of them while the first is being saved
        gold.select_option(option)
        expect(page.locator("body")).to_have_attribute("data-changes", str(count))
    with page.expect_response(lambda answer: answer.request != held[0].request):
        held[0].continue_()
    page.unroute("**/imports/new/*")
    page.reload()
    page.get_by_text("3 values matched").click()
    expect(gold).to_have_value("high")

    page.get_by_role("button", name="Use another mapping").click()
    dialog = page.get_by_role("dialog", name="Use another mapping")
    expect(dialog).to_contain_text("mapping")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert not visitor.problems


@pytest.fixture
def signed_in(system: HttpSystem) -> Iterator[httpx.Client]:
    """A browser without scripts."""
    key = create_key(system.keys, "default", Role.UPLOADER, "crm-team")[0]
    with httpx.Client(base_url=system.url, headers=SAME_SITE, follow_redirects=True) as client:
        answer = client.post("/signin", data={"key": key}, follow_redirects=False)
        client.cookies = httpx.Cookies(dict(answer.cookies))
        yield client


def test_a_slow_save_does_not_take_a_new_attribute_back(visitor: Visitor, system: HttpSystem, small: Path) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(small)
    expect(page.get_by_label("Attribute of crmid")).to_have_value("crmid")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/imports/new/[0-9a-f]+$"), hold, times=1)
    page.get_by_label("Attribute of crmid").select_option("loyalty_id")
    until(lambda: page.evaluate("1") == 1 and bool(held))
    page.get_by_role("button", name="New attribute for kaart").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Slow level")
    dialog.get_by_role("button", name="Save").click()
    held[0].continue_()
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Attribute of kaart")).to_have_value("slow_level")
    expect(page.get_by_label("Attribute of crmid")).to_have_value("loyalty_id")


def test_a_new_name_takes_the_place_of_the_chosen_source(visitor: Visitor, system: HttpSystem) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option("crm")
    page.get_by_label("Or a new one").press_sequentially("Web shop")
    expect(page.get_by_label("Source", exact=True)).to_have_value("")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/imports/new/[0-9a-f]+$"))


def test_a_swap_as_the_dialog_closes_does_not_open_it_again(visitor: Visitor, system: HttpSystem, small: Path) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(small)
    page.get_by_role("button", name="New attribute for kaart").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.evaluate("""
        const dialog = document.getElementById("dialog");
        dialog.close();
        document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    """)
    expect(dialog).to_be_hidden()
    expect(dialog).to_be_empty()


def test_without_a_source_the_page_asks_for_one(signed_in: httpx.Client) -> None:
    answer = signed_in.post("/imports/new", data={"source": "", "new_source": " "})
    assert answer.status_code == 422
    assert "No data source is chosen." in answer.text
    assert "penstock source create" not in answer.text


def test_nothing_is_saved_once_the_import_has_begun(visitor: Visitor, system: HttpSystem, small: Path) -> None:
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(small)
    expect(page.get_by_label("Attribute of kaart")).to_be_visible()
    saved: list[Request] = []
    page.on("request", lambda call: saved.append(call) if re.search("/imports/new/[0-9a-f]+$", call.url) else None)
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))  # however slow the machine is, nothing is due meanwhile
    with page.expect_request("**/accept") as accepted:
        page.route("**/accept", lambda route: route.fulfill(status=204))  # the page stays
        page.get_by_label("Attribute of kaart").select_option("")
        page.get_by_role("button", name="Import").click(no_wait_after=True)
    page.clock.run_for(5_000)
    assert accepted.value.method == "POST"
    assert saved == []


def test_an_import_needs_no_script(signed_in: httpx.Client, system: HttpSystem) -> None:
    content = b"crmid\temail\nno1\tann@example.com\n"
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    page = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)})
    assert page.url.path == draft
    assert "Arrived." in page.text
    asked = signed_in.post(f"{draft}/accept", data=fields_of(page.text)).text
    assert 'name="unchecked" value="yes">Import all the same' in asked
    fields = {**fields_of(asked), **ANYWAY}
    answer = signed_in.post(f"{draft}/accept", data=fields, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
    assert system.ended(request_id)["rows_ingested"] == 1
    again = signed_in.post(f"{draft}/accept", data={"mode": "upsert"}, follow_redirects=False)
    assert again.headers["location"] == answer.headers["location"]


def test_the_second_import_of_a_source_takes_the_mapping_of_the_first(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    system.ingest(b"crmid\tphone\tpreferences\nno7\t0612345678\tshoes\n")
    first = system.viewer.get("/v1/data-sources/crm/mapping").json()["version"]
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    content = b"crmid\tphone\tpreferences\nno8\t0612345679\tbags\n"
    page = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)}).text
    assert page.count("Same as last time") == 3
    answer = signed_in.post(f"{draft}/accept", data=fields_of(page), follow_redirects=False)
    request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
    assert system.ended(request_id)["rows_ingested"] == 1
    assert system.viewer.get("/v1/data-sources/crm/mapping").json()["version"] == first


def test_without_a_mail_server_the_options_say_that_no_mail_is_sent(signed_in: httpx.Client) -> None:
    _, page = uploaded(signed_in, b"crmid\tcity\nm1\tGhent\n")
    assert "No mail server is set, so no e-mail is sent" in page


def test_a_cleaned_column_name_is_shown_with_the_one_in_the_file_and_why(signed_in: httpx.Client) -> None:
    _, page = uploaded(signed_in, b"crmid\tFirst name\tE-mail\t\nno1\tAnn\tann@example.com\tx\n")
    assert "Renamed from “First name”, since it has a space in its name." in page
    assert "Renamed from “E-mail”, since it has a hyphen in its name." in page
    assert "Named so, since it has no name." in page
    assert page.count("Renamed from") == 2


def test_several_spellings_of_a_text_become_one_value(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    file = tmp_path / "lands.tsv"
    spellings = ["Polska", "PL", "polska"]
    file.write_text("crmid\tshop_kind\n" + "".join(f"land{n}\t{spellings[n % 3]}\n" for n in range(30)))
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(file)
    column = page.get_by_label("Attribute of shop_kind")
    expect(column).to_be_visible()
    attribute = column.input_value()
    page.get_by_text("Spellings: 3 values").click()
    expect(page.get_by_text("Several spellings become one value")).to_be_visible()
    for spelling in ("PL", "polska"):
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.get_by_role("combobox", name=f"{spelling} shop_kind", exact=True).fill("Polska")
            page.keyboard.press("Tab")
    expect(page.get_by_text("Spellings: 3 values, 2 replaced")).to_be_visible()
    page.get_by_role("button", name="Check the whole file").click()
    page.get_by_role("button", name="Import 30 rows").click()
    page.wait_for_url(re.compile(f"/imports/{REQUEST_ID}"))
    system.ended(re.findall(REQUEST_ID, page.url)[0])
    for n in range(3):
        found = system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": f"land{n}"}).json()
        assert found["attributes"][attribute] == "Polska"


def test_a_missing_choice_is_named_and_has_the_focus(signed_in: httpx.Client) -> None:
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", b"crmid\tcity\nno1\tGhent\n")})
    page = signed_in.get(draft).text
    fields = {name: text for name, text in fields_of(page).items() if not name.endswith("identifier")}
    answer = signed_in.post(f"{draft}/accept", data={**fields, "max_rejects": "many"})
    assert answer.status_code == 422
    assert "Nothing has been imported yet" in answer.text
    assert re.search(r"<input[^>]* autofocus", answer.text)
    assert 'value="many"' in answer.text


def test_a_check_names_what_it_would_reject_and_leads_there(signed_in: httpx.Client) -> None:
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    content = b"crmid\temail\nno1\tann@example.com\n\tnobody\nno2\tbo@example.com\tmore\n"
    page = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)}).text
    assert f'formaction="{draft}/check#check"' in page
    answer = signed_in.post(f"{draft}/check", data=fields_of(page)).text
    assert "more or fewer fields than the header" in answer
    assert re.search(r'<h2 id="check" tabindex="-1">Check</h2>', answer)
    faulty = signed_in.post(f"{draft}/check", data={**fields_of(page), "max_rejects": "many"})
    assert faulty.status_code == 422
    assert re.search(r'role="alert" id="check" tabindex="-1"', faulty.text)


def uploaded(signed_in: httpx.Client, content: bytes, source: str = "crm") -> tuple[str, str]:
    """The address of a new draft with a file, and its page."""
    draft = signed_in.post("/imports/new", data={"source": source}).url.path
    return draft, signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)}).text


def test_values_that_do_not_fit_are_matched_and_masked_while_they_are_personal(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    for name, personal in (("rank_of_card", False), ("belief", True)):
        attribute = {"name": name, "format": "enum(gold|silver)", "pii": personal, "segmentable": False}
        assert system.admin.post("/v1/attributes", json=attribute).status_code < 300
    content = "".join(
        f"match{n}\t{'Goud' if n % 2 else 'silver'}\t{'Zilver' if n % 2 else 'gold'}\n" for n in range(40)
    )
    draft, page = uploaded(signed_in, b"crmid\trank_of_card\tbelief\n" + content.encode())
    fields = fields_of(page)
    places = {text: name.split(".")[0] for name, text in fields.items() if name.endswith(".column")}
    fields |= {f"{at}.attribute": name for name, at in places.items()} | {f"{at}.format": "" for at in places.values()}
    page = signed_in.post(draft, data=fields).text
    assert "<code>Goud</code>" in page
    assert "Zilver" not in page
    fields = fields_of(page)
    goud, zilver = (
        next(name for name in fields if name.startswith(f"{places[column]}.value."))
        for column in ("rank_of_card", "belief")
    )
    page = signed_in.post(draft, data={**fields, goud: "gold", zilver: "silver"}).text
    assert "Zilver" not in page
    assert page.count("1 value matched") == 2
    assert "Zilver" in signed_in.post(f"{draft}/reveal", data=fields_of(page)).text
    answer = signed_in.post(f"{draft}/accept", data=fields_of(page), follow_redirects=False)
    assert answer.status_code == 303, answer.text
    assert system.ended(re.findall(REQUEST_ID, answer.headers["location"])[0])["rows_ingested"] == 40
    profile = system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "match1"})
    assert "gold" in profile.text


def test_a_new_attribute_is_as_personal_as_its_column(signed_in: httpx.Client, system: HttpSystem) -> None:
    draft, page = uploaded(signed_in, b"nr\tgeheim\nt1\tx y\nt2\tz y\n")
    at = next(name[:2] for name, text in fields_of(page).items() if text == "geheim")
    fields = {**fields_of(page), f"{at}.attribute": "city", f"{at}.pii": "on"}
    asked = signed_in.post(f"{draft}/columns/{at[1:]}/attribute/ask", data=fields).text
    assert re.search('<input type="checkbox" id="pii"[^>]* checked', asked)
    assert not re.search('<input type="checkbox" id="segmentable"[^>]* checked', asked)


def test_the_columns_of_another_source_are_taken_over(signed_in: httpx.Client, system: HttpSystem) -> None:
    columns = [
        {"column": "nr", "attribute": "crmid", "identifier": True},
        {"column": "plaats", "attribute": "city", "blanks": ["geen"]},
        {"column": "tel", "attribute": "phone"},
    ]
    assert system.admin.post("/v1/data-sources", json={"name": "till"}).status_code < 300
    answer = system.admin.put("/v1/data-sources/till/mapping", json={"columns": columns})
    assert answer.status_code < 300, answer.text
    draft, page = uploaded(signed_in, b"nr\tplaats\tx\nt1\tgeen\ta\nt2\tGhent\tb\n")
    asked = signed_in.post(f"{draft}/mapping/ask", data=fields_of(page))
    assert asked.url.path == f"{draft}/mapping"
    assert '<option value="till">' in asked.text
    missing = signed_in.post(f"{draft}/mapping", data={"mapping": "till@9"})
    assert (missing.status_code, "no such mapping" in missing.text) == (422, True)
    page = signed_in.post(f"{draft}/mapping", data={"mapping": "till"}).text
    assert "2 columns are mapped as in till." in page
    assert "the file lacks a column: tel." in page
    assert 'value="geen"' in page
    assert '<option value="city" selected>' in page


def test_a_fix_of_several_columns_is_applied_at_once_and_checked_again(signed_in: httpx.Client) -> None:
    rows = "".join(f"fix{n}\t+3120{n:07}\t061234{n:04}\t020123{n:04}\n" for n in range(100, 160))
    draft, page = uploaded(signed_in, f"crmid\tfax\tphone\tmobile\n{rows}".encode())
    fields = {
        name: "" if text.startswith("phone(") and name.endswith(".format") else text
        for name, text in fields_of(page).items()
    }
    fields = {name: text for name, text in fields.items() if not name.endswith(".drop")}
    page = signed_in.post(f"{draft}/check", data=fields).text
    assert re.search(r">0</span> of 60 rows can be imported", page)
    fix = re.findall(r'name="(fix\d)\.value" value="phone\(', page)[0]
    columns = re.findall(rf'name="{fix}\.attribute" value="([^"]+)" checked', page)
    assert sorted(columns) == ["mobile", "phone"]
    pressed = {
        **fields_of(page),
        "fix": fix.removeprefix("fix"),
        f"{fix}.value": "phone(NL)",
        f"{fix}.attribute": columns,
    }
    page = signed_in.post(f"{draft}/fix", data=pressed).text
    assert re.search(r">60</span> of 60 rows can be imported", page)
    assert page.count('<option value="phone(NL)" selected>') == 2
    assert 'Import<span id="import-rows"> 60 rows</span>' in page


def test_a_joined_identifier_is_listed_and_can_be_cleared(signed_in: httpx.Client, system: HttpSystem) -> None:
    given = ["Ann", "Ben", "Cai", "Dot"]
    people = "".join(
        f"J-{n // 4:04}\t{given[n % 4]}\t{1950 + n % 50}-0{n % 9 + 1}-11\tj{n // 4}@example.com\n" for n in range(200)
    )
    assert system.admin.post("/v1/data-sources", json={"name": "club"}).status_code < 300
    draft, page = uploaded(signed_in, f"member_no\tfirst_name\tbirth_date\temail\n{people}".encode(), "club")
    assert "Member no and first name, which names a person" in page
    fields = fields_of(page)
    assert fields["kept.loyalty_id_first_name"] == "on"
    cleared = {name: text for name, text in fields.items() if not name.startswith("kept.")}
    page = signed_in.post(f"{draft}/check", data=cleared).text
    assert "kept.loyalty_id_first_name" not in fields_of(page)
    assert "names a person" in page
    answer = signed_in.post(f"{draft}/accept", data={**fields_of(page), **fields, **ANYWAY}, follow_redirects=False)
    request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
    assert system.ended(request_id)["rows_ingested"] == 200
    found = system.viewer.post(
        "/v1/profiles:lookup", json={"namespace": "loyalty_id_first_name", "value": "J-0007|Cai"}
    )
    assert found.status_code == 200, found.text


def columns_on(page: str) -> list[str]:
    return re.findall(r'name="c\d+\.column" value="([^"]*)"', page)


def test_every_column_of_a_wide_file_can_be_reached_and_changed(signed_in: httpx.Client) -> None:
    names = ["crmid", *(f"answer_{n}" for n in range(250))]
    cells = "\t".join(f"a{n}" for n in range(250))
    content = "\t".join(names) + f"\nwide1\t{cells}\nwide2\t{cells}\n"
    draft, page = uploaded(signed_in, content.encode())
    found = columns_on(page)
    while ">Next<" in page:
        number = re.findall(r"/show\?page=(\d+)\"[^>]*>Next", page)[0]
        page = signed_in.post(f"{draft}/show?page={number}", data=fields_of(page)).text
        found += columns_on(page)
    assert sorted(found) == sorted(names)
    page = signed_in.post(f"{draft}/show?page=1", data={**fields_of(page), "find": "SWER_24"}).text
    assert columns_on(page) == [name for name in found if "swer_24" in name]
    at = re.findall(r'name="(c\d+)\.column" value="answer_249"', page)[0]
    page = signed_in.post(draft, data={**fields_of(page), "find": "swer_24", f"{at}.attribute": "city"}).text
    assert re.search(rf'<select name="{at}.attribute".*?<option value="city" selected>', page, re.DOTALL)
    faulty = signed_in.post(
        f"{draft}/check", data={f"{at}.column": "answer_249", f"{at}.attribute": "email", f"{at}.format": "date(x)"}
    )
    assert "answer_249" in columns_on(faulty.text)  # the page that has the fault


def test_the_page_of_a_wide_file_stays_after_a_reload(visitor: Visitor, system: HttpSystem, tmp_path: Path) -> None:
    wide = tmp_path / "wide.tsv"
    names = ["crmid", *(f"question{n}" for n in range(150))]
    wide.write_text("\t".join(names) + "\n" + "\t".join(["page1"] + ["x"] * 150) + "\n")
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "crm")
    page.get_by_label("Choose a file").set_input_files(wide)
    page.get_by_role("button", name="Next columns").first.click()
    last = page.get_by_label("Attribute of question149")
    expect(last).to_be_visible()
    page.reload()
    expect(last).to_be_visible()
    page.get_by_role("button", name="Previous columns").first.click()
    first = page.get_by_label("Attribute of question0", exact=True)
    expect(first).to_be_visible()
    page.reload()
    expect(first).to_be_visible()
    assert visitor.problems == []


def test_a_column_that_says_which_row_is_newer_ends_the_doubt(signed_in: httpx.Client) -> None:
    lines = "".join(f"p{n % 20:03}\tplace {n}\t2024-01-{n % 28 + 1:02}\n" for n in range(60))
    draft, page = uploaded(signed_in, f"klantnummer\tplaats\tlaatste_aankoop\n{lines}".encode())
    assert "the later line wins, unless a column that says which is newer has “Time of the last change” ticked" in page
    (at,) = re.findall(r'name="(c\d+)\.column" value="laatste_aankoop"', page)
    signed_in.post(draft, data={**fields_of(page), f"{at}.as_of": "on"})
    assert "the later line wins" not in signed_in.get(draft).text


def test_a_change_brings_what_follows_from_it(signed_in: httpx.Client) -> None:
    draft, page = uploaded(signed_in, b"crmid\tphone\nf1\t0612345678\nf2\t0612345679\n")
    checked = signed_in.post(f"{draft}/check", data=fields_of(page)).text
    assert 'id="import-rows"> 2 rows<' in checked
    at = re.findall(r'name="(c\d+)\.column" value="phone"', checked)[0]
    changed = {**fields_of(checked), f"{at}.attribute": "mobile"}
    part = signed_in.post(draft, data=changed, headers={"HX-Request": "true"}).text
    assert '<span id="import-rows" hx-swap-oob="innerHTML"></span>' in part
    assert "Something was changed since this check" in part
    assert re.findall(r'<hx-partial hx-target="#(c\d+)" hx-swap="outerMorph">', part) == [at]
    same = signed_in.post(draft, data=changed, headers={"HX-Request": "true"}).text
    assert "<hx-partial" not in same


def test_a_file_that_was_imported_is_imported_again_on_demand_only(signed_in: httpx.Client, system: HttpSystem) -> None:
    content = b"crmid\temail\nsame1\tann@example.com\n"
    requests = []
    for choice in (ANYWAY, ANYWAY, {**ANYWAY, "again": "yes"}):
        if "again" not in choice:
            draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
            page = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)}).text
        answer = signed_in.post(f"{draft}/accept", data={**fields_of(page), **choice}, follow_redirects=False)
        requests += re.findall(f"/imports/({REQUEST_ID})", answer.headers.get("location", ""))
        if not requests or answer.status_code == 303:
            system.ended(requests[-1])
            continue
        assert "This file was imported already" in answer.text
        assert f'href="/imports/{requests[0]}"' in answer.text
        assert signed_in.get(draft).url.path == draft
    first, again = requests
    assert again != first
    assert system.ended(again)["rows_ingested"] == 1


def test_the_steps_follow_the_state(signed_in: httpx.Client) -> None:
    def current(page: str) -> list[str]:
        return re.findall(r'<li[^>]*aria-current="step"><span[^>]*>\d</span>(?:<a[^>]*>)?(\w+)', page)

    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    assert current(signed_in.get(draft).text) == ["File"]
    content = b"crmid\temail\nno1\tann@example.com\n"
    page = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", content)}).text
    part = signed_in.get(f"{draft}/columns", headers={"HX-Request": "true"}).text
    assert current(page) == current(part) == ["Columns"]
    assert 'id="steps" aria-label="Steps" hx-swap-oob="true"' in part
    assert current(signed_in.post(f"{draft}/check", data=fields_of(page)).text) == []
    changed = {**fields_of(page), "mode": "replace"}
    assert current(signed_in.post(draft, data=changed, headers={"HX-Request": "true"}).text) == ["Columns"]


def test_a_file_that_is_too_large_leaves_nothing(signed_in: httpx.Client, system: HttpSystem) -> None:
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    files = len(system.uploader.get("/v1/files").json()["files"])
    limit = system.standalone.system.limits.file_bytes
    answer = signed_in.post(f"{draft}/upload", files={"file": ("people.tsv", b"x" * (limit + 1))})
    assert answer.status_code in (413, 422)
    assert len(system.uploader.get("/v1/files").json()["files"]) == files


def test_a_session_sends_parts_of_files_from_its_own_pages_only(signed_in: httpx.Client) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3"}
    made = signed_in.post("/v1/files", headers=headers)
    assert made.status_code == 201
    foreign = signed_in.post("/v1/files", headers={**headers, "Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert signed_in.get("/v1/files").status_code == 401


def source_with(system: HttpSystem, name: str, *counts: int) -> None:
    """A data source with an import of so many people each, called NAME0, NAME1 and so on."""
    assert system.uploader.post("/v1/data-sources", json={"name": name}).status_code < 300
    first = 0
    for count in counts:
        people = "".join(f"{name}{n}\tcity{n}\n" for n in range(first, first + count))
        system.ingest(f"crmid\tcity\n{people}".encode(), data_source=name, mapping=[CRMID, CITY])
        first += count


def has_profile(system: HttpSystem, person: str) -> bool:
    found = system.viewer.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": person})
    assert found.status_code in (200, 404), found.text
    return found.status_code == 200


def replacing(person: httpx.Client, source: str, content: bytes) -> tuple[str, dict[str, str]]:
    """The address of a new draft that removes what exists, and what its page sends to import it all the same."""
    draft, page = uploaded(person, content, source)
    return draft, {**fields_of(page), "mode": "replace", **ANYWAY}


def test_an_import_that_removes_rows_asks_for_their_number(
    visitor: Visitor, system: HttpSystem, tmp_path: Path
) -> None:
    source_with(system, "shop", 3, 2)
    file = tmp_path / "few.tsv"
    file.write_text("crmid\tcity\nshop1\tGhent\n")
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    begun(page, "shop")
    page.get_by_label("Choose a file").set_input_files(file)
    expect(page.get_by_label("Attribute of crmid")).to_have_value("crmid")
    limit = page.get_by_text(
        "If the limit of rejected rows is empty, an import that removes existing data waits above 5%."
    )
    expect(limit).to_be_hidden()
    page.get_by_label("Remove existing and add new").check()
    expect(limit).to_be_visible()
    page.get_by_role("button", name="Check the whole file").click()
    removed = "Everything that earlier imports of shop have stored stops counting: 5 rows of 2 imports."
    expect(page.get_by_role("region", name="Check")).to_contain_text(removed)

    page.get_by_role("button", name="Import 1 row").click()
    notice = page.get_by_role("alert")
    expect(notice).to_be_focused()
    expect(notice).to_contain_text(removed)
    expect(notice).to_contain_text("The last of these imports was")
    expect(notice).to_contain_text("This file has 1 row to import instead")
    expect(notice).to_contain_text("undo the import at any later time")
    field = page.get_by_label("Type the number of rows that stop counting: 5")
    page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(notice).to_contain_text("This is not the number of rows that stop counting.")
    expect(field).to_be_focused()
    expect(field).to_have_value("3")
    assert violations(page) == []
    assert has_profile(system, "shop4")
    field.fill("5")
    page.get_by_role("button", name="Remove these and import 1 row").click()
    page.wait_for_url(re.compile(f"/imports/{REQUEST_ID}"))

    request_id = re.findall(REQUEST_ID, page.url)[0]
    assert system.ended(request_id)["rows_ingested"] == 1
    assert [has_profile(system, f"shop{n}") for n in range(5)] == [False, True, False, False, False]
    page.reload()
    expect(page.locator("#outcome")).to_contain_text(
        "Earlier imports of its data source no longer count because of this"
    )
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator("#state")).to_contain_text("Reverted")
    assert all(has_profile(system, f"shop{n}") for n in range(5))


def test_the_number_of_removed_rows_needs_no_script_and_no_separators(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    source_with(system, "mall", 1_200)
    draft, fields = replacing(signed_in, "mall", b"crmid\tcity\nmall7\tGhent\n")
    asked = signed_in.post(f"{draft}/accept", data=fields)
    assert asked.status_code == 200
    assert "rows that stop counting: 1,200</label>" in asked.text
    assert "Remove these and import 1 row</button>" in asked.text
    assert "is missing" not in asked.text
    for typed, fault in (("", "is missing"), ("1,201", "This is not the number"), ("all", "This is not the number")):
        answer = signed_in.post(f"{draft}/accept", data={**fields, "stops_counting": typed})
        assert answer.status_code == 422
        assert re.search(rf'id="stops_counting-fault">[^<]*{fault}[^<]* Type 1,200', answer.text)
        assert re.search(r'<input[^>]* id="stops_counting"[^>]* autofocus>', answer.text)
    assert has_profile(system, "mall8")
    answer = signed_in.post(f"{draft}/accept", data={**fields, "stops_counting": "1.200"}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    system.ended(re.findall(REQUEST_ID, answer.headers["location"])[0])
    assert (has_profile(system, "mall7"), has_profile(system, "mall8")) == (True, False)


def test_the_question_comes_again_if_another_import_has_completed_meanwhile(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    source_with(system, "kiosk", 3)
    draft, fields = replacing(signed_in, "kiosk", b"crmid\tcity\nkiosk1\tGhent\n")
    assert "stop counting: 3</label>" in signed_in.post(f"{draft}/accept", data=fields).text
    system.ingest(b"crmid\tcity\nkiosk9\tGhent\n", data_source="kiosk", mapping=[CRMID, CITY])
    typed = {**fields, "stops_counting": "3", "stops_counting_asked": "3"}
    answer = signed_in.post(f"{draft}/accept", data=typed)
    assert answer.status_code == 422
    assert "The number has changed since the page asked" in answer.text
    assert "stop counting: 4</label>" in answer.text
    assert has_profile(system, "kiosk9")


def test_without_rows_that_count_an_import_that_replaces_asks_nothing(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    source_with(system, "stall")
    for content in (b"crmid\tcity\nstall1\tGhent\n", b"crmid\tcity\nstall2\tGhent\n"):
        draft, fields = replacing(signed_in, "stall", content)
        checked = signed_in.post(f"{draft}/check", data=fields).text
        assert "stops counting" not in checked
        answer = signed_in.post(f"{draft}/accept", data=fields, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
        assert system.ended(request_id)["status"] == "COMPLETED"
        assert system.uploader.post(f"/v1/requests/{request_id}:undo").status_code < 300


def test_an_import_that_adds_asks_nothing(signed_in: httpx.Client, system: HttpSystem) -> None:
    source_with(system, "booth", 2)
    draft, page = uploaded(signed_in, b"crmid\tcity\nbooth9\tGhent\n", "booth")
    assert "stops counting" not in signed_in.post(f"{draft}/check", data=fields_of(page)).text
    answer = signed_in.post(f"{draft}/accept", data=fields_of(page), follow_redirects=False)
    assert answer.status_code == 303, answer.text


def test_both_questions_of_a_file_that_has_replaced_before_can_be_answered(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    source_with(system, "fair")
    content = b"crmid\temail\nfair1\tfa@example.com\nfair2\tfb@example.com\n"
    draft, fields = replacing(signed_in, "fair", content)
    answer = signed_in.post(f"{draft}/accept", data=fields, follow_redirects=False)
    system.ended(re.findall(REQUEST_ID, answer.headers["location"])[0])
    draft, fields = replacing(signed_in, "fair", content)
    assert "stop counting: 2</label>" in signed_in.post(f"{draft}/accept", data=fields).text
    page = signed_in.post(f"{draft}/accept", data={**fields, "stops_counting": "2"}).text
    assert "This file was imported already" in page
    again = re.findall(r'formaction="([^"]+)" name="again"', page)[0]
    wrong = signed_in.post(f"{draft}/accept", data={**fields, "again": "yes", "stops_counting": "9"}).text
    assert re.search(r'name="again" value="yes">Remove these and import 2 rows', wrong)
    answer = signed_in.post(again, data={**fields, "again": "yes"}, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def test_a_workbook_for_a_known_source_is_refused_in_words(signed_in: httpx.Client, system: HttpSystem) -> None:
    system.ingest(b"crmid\tphone\tpreferences\nno9\t0612345678\tshoes\n")
    draft = signed_in.post("/imports/new", data={"source": "crm"}).url.path
    workbook = ("people.xlsx", b"PK\x03\x04" + bytes(200))
    assert "an Excel workbook" in signed_in.post(f"{draft}/upload", files={"file": workbook}).text
    assert "an Excel workbook" in signed_in.get(draft).text
    assert signed_in.post(f"{draft}/delete", data={"sure": "yes"}).url.path == "/"


def test_the_column_that_says_which_row_is_the_newest_can_be_cleared(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    people = [(f"J-{n:04}", "Ghent", f"2024-0{n % 9 + 1}-11") for n in range(40)]
    older = [(number, "Oslo", "2020-02-02") for number, *_ in people[::10]]
    rows = "".join("\t".join(row) + "\n" for row in people + older)
    assert system.admin.post("/v1/data-sources", json={"name": "choir"}).status_code < 300
    draft, page = uploaded(signed_in, f"member_no\tcity\tupdated_at\n{rows}".encode(), "choir")
    fields = fields_of(page)
    (ticked,) = (name for name in fields if name.endswith(".as_of"))
    assert "It says which row is the newest: 4 people have several rows that differ" in page
    cleared = signed_in.post(f"{draft}/check", data={name: text for name, text in fields.items() if name != ticked})
    assert ticked not in fields_of(cleared.text)
    answer = signed_in.post(f"{draft}/accept", data={**fields_of(cleared.text), ticked: "on"}, follow_redirects=False)
    request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
    assert system.ended(request_id)["rows_ingested"] == 44
    found = system.viewer.post("/v1/profiles:lookup", json={"namespace": "loyalty_id", "value": "J-0010"})
    assert found.json()["attributes"]["city"] == "Ghent"
    assert "Says when its row was last changed" in signed_in.get("/sources/choir/mapping").text


def test_cells_that_a_word_makes_blank_are_counted_before_and_after(
    signed_in: httpx.Client, system: HttpSystem
) -> None:
    people = "".join(f"B-{n:04}\t{'00/00/0000' if n % 4 == 0 else f'1{n % 9}/10/1980'}\n" for n in range(40))
    assert system.admin.post("/v1/data-sources", json={"name": "band"}).status_code < 300
    draft, page = uploaded(signed_in, f"member_no\tbirth_date\n{people}".encode(), "band")
    blank = {"c1.blanks": "00/00/0000"}
    counted = re.compile(r"birth_date: 10 <code>00/00/0000</code>")
    page = signed_in.post(f"{draft}/check", data=fields_of(page) | blank).text
    assert counted.search(page)
    answer = signed_in.post(f"{draft}/accept", data=fields_of(page) | blank, follow_redirects=False)
    request_id = re.findall(REQUEST_ID, answer.headers["location"])[0]
    assert system.ended(request_id)["blank_words"] == {"birth_date": {"00/00/0000": 10}}
    assert counted.search(signed_in.get(f"/imports/{request_id}").text)


def test_an_option_is_saved_while_it_is_typed_and_an_older_page_keeps_it(visitor: Visitor, system: HttpSystem) -> None:
    visitor.sign_in(system.sign_in_link())
    page, older = visitor.page, visitor.new_page()
    page.goto("/imports/new")
    page.get_by_label("Source", exact=True).select_option("crm")
    page.get_by_role("button", name="Continue").click()
    older.goto(page.url)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Wait for approval").press_sequentially("5%")
    with older.expect_response(lambda answer: answer.request.method == "POST"):
        older.get_by_label("Remove existing and add new").check()
    page.reload()
    expect(page.get_by_label("Wait for approval")).to_have_value("5%")
    expect(page.get_by_label("Remove existing and add new")).to_be_checked()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Wait for approval").fill("")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Wait for approval").fill("7")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Wait for approval").fill("")
    page.reload()
    expect(page.get_by_label("Wait for approval")).to_have_value("")
    assert not visitor.problems
