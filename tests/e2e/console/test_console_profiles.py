"""Looking a person up: masked, with lineage, revealed on request; the value stays out of addresses and titles."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from services.uploader.api.rate_limit import RateLimit
from tests.support.axe import violations
from tests.support.browser import Visitor
from tests.support.console_client import signed_in
from tests.support.http_system import CRMID, HEADER, HttpSystem, serving
from tests.support.waiting import until

PHONE = "+31612345678"
SCRIPT = '"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def imported(system: HttpSystem) -> str:
    """The request that stored one customer, whose preference is hostile."""
    return str(system.ingest(f"{HEADER}c1\t{PHONE}\t{SCRIPT}\n".encode(), name="people<script>.tsv")["request_id"])


def test_a_person_is_looked_up_masked_then_revealed_and_the_audit_says_so(
    visitor: Visitor, system: HttpSystem, imported: str
) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.get_by_role("link", name="Profiles").click()
    page.get_by_label("Identifier").select_option("crmid")
    page.get_by_label("Value").fill("c1")
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="Hm", exact=True))
    expect(row).to_contain_text("personal")
    expect(row).to_contain_text("people<script>.tsv")
    assert row.get_by_role("link").get_attribute("href") == f"/imports/{imported}"
    expect(page.get_by_text(SCRIPT).first).to_be_visible()
    assert PHONE not in page.content()
    page.get_by_role("button", name="Reveal personal values").click()
    expect(row).to_contain_text(PHONE)
    kept = page.evaluate("JSON.stringify([location.href, document.title, localStorage, sessionStorage])")
    assert "c1" not in kept
    entries = system.admin.get("/v1/audit").json()["entries"]
    assert [each["who"] for each in entries if each["action"] == "profile.reveal"] == ["ann"]
    assert not visitor.problems


def test_each_value_has_its_history_masked_until_it_is_revealed(system: HttpSystem, imported: str) -> None:
    for phone, name in ((PHONE, "first.tsv"), ("+31687654321", "second<b>.tsv")):
        system.ingest(f"{HEADER}h1\t{phone}\t\n".encode(), name=name)
    asked = {"namespace": "crmid", "value": "h1"}
    with signed_in(system, Role.PRIVACY) as officer:
        masked = officer.post("/profiles", data=asked).text
        history = masked.partition("What each import said")[2]
        assert history.index("second&lt;b&gt;.tsv") < history.index("first.tsv")
        assert history.count("a uploader") == 4, "two values of crmid, two of hm"
        assert PHONE not in masked
        revealed = officer.post("/profiles/reveal", data=asked).text.partition("What each import said")[2]
        assert revealed.index("+31687654321") < revealed.index(PHONE)


def test_the_same_value_of_two_imports_is_not_called_two_values(system: HttpSystem) -> None:
    for name, preference in (("one.tsv", "shoes"), ("two.tsv", "shoes"), ("three.tsv", "bags")):
        system.ingest(f"{HEADER}same1\t{PHONE}\t{preference}\n".encode(), name=name)
    with signed_in(system, Role.VIEWER) as viewer:
        history = viewer.post("/profiles", data={"namespace": "crmid", "value": "same1"}).text
    sums = dict(re.findall(r'<summary>(.*?) <span class="note">(.*?)</span></summary>', history))
    assert sums == {"CRM ID": "the same value 3 times", "Cross sell product": "2 values", "Hm": "said 3 times"}


def test_the_form_begins_at_the_highest_ranked_identifier_that_is_used(tmp_path: Path) -> None:
    def chosen(person: httpx.Client, **asked: str) -> str:
        page = person.post("/profiles", data=asked) if asked else person.get("/profiles")
        form = page.text.partition('<select id="namespace"')[2].partition("</select>")[0]
        return (re.findall('<option value="([^"]+)" selected>', form) or re.findall('value="([^"]+)"', form))[0]

    with serving(tmp_path / "data") as system, signed_in(system, Role.VIEWER) as viewer:
        assert chosen(viewer) == "crmid", "no import has identified anybody yet"
        assert "200 left" not in viewer.get("/profiles").text, "as long as there are many"
        email = {"column": "email", "attribute": "email", "identifier": True}
        system.ingest(b"email\tx\nann@example.com\tGhent\n", mapping=[email, {"column": "x", "attribute": "city"}])
        assert chosen(viewer) == "email"
        assert chosen(viewer, namespace="crmid", value="c1") == "crmid", "as it was asked"
        system.ingest(f"{HEADER}c1\t{PHONE}\t\n".encode())
        assert chosen(viewer) == "crmid"


def test_a_joined_identifier_comes_first_and_the_page_tells_how_it_is_written(tmp_path: Path) -> None:
    mapping = [
        {
            "columns": ["Numer_klienta", "Imię"],
            "separator": "|",
            "attribute": "crmid_first_name",
            "identifier": True,
            "pii": True,
        },
        {"column": "Numer_klienta", "attribute": "crmid"},
        {"column": "Imię", "attribute": "first_name"},
    ]
    written = "rite its parts with | between: Numer_klienta|Imię"
    with serving(tmp_path / "data") as system, signed_in(system, Role.VIEWER) as viewer:
        request = system.ingest("Numer_klienta\tImię\nK1\tZofia\n".encode(), mapping=mapping)
        form = viewer.get("/profiles").text
        now, _, others = form.partition("</optgroup>")
        assert re.findall('<option value="([^"]+)"[^>]*>([^<]+)', now) == [
            ("crmid_first_name", "Numer klienta and Imię")
        ]
        assert 'value="crmid"' in others
        assert f"</span> w{written}." in form
        assert "People can be found by: Numer klienta and Imię." in form
        assert "No current mapping identifies people by the others" in form
        asked = {"namespace": "crmid_first_name", "value": "K1|Zofia"}
        assert "Numer klienta and Imię" in viewer.post("/profiles", data=asked).text.partition('id="values-title"')[2]
        asked["value"] = "K1 Zofia"
        assert f"so do spaces within. W{written}. Only" in viewer.post("/profiles", data=asked).text
        problem = system.viewer.post("/v1/profiles:lookup", json=asked).json()
        assert problem["detail"].endswith(f"; w{written}")
        ranking = viewer.get("/attributes").text
        assert "An import has used Numer klienta and Imię, so this and those before it keep their places" in ranking
        columns = viewer.get(f"/imports/{request['request_id']}").text
        assert "Imię, joined with |" in columns
        unused = viewer.post("/profiles", data={"namespace": "crmid", "value": "K1"}).text
        assert "Nobody has this CRM ID." in unused
        reason = "No current mapping identifies people by CRM ID. People are found by Numer klienta and Imię"
        assert reason in unused
        assert "spelling" not in unused
        system.uploader.post(f"/v1/requests/{request['request_id']}:undo")
        until(lambda: "crmid" in viewer.get("/profiles").text.partition("</option>")[0])


def test_dates_and_times_are_written_for_people_and_imports_are_short(visitor: Visitor, system: HttpSystem) -> None:
    columns = [
        CRMID,
        {"column": "born", "attribute": "joined_on", "format": "date(dd.MM.yyyy)"},
        {"column": "seen", "attribute": "last_order_at", "format": "datetime"},
    ]
    content = b"crmid\tborn\tseen\nt1\t08.03.1973\t2024-01-31T23:30:00+00:00\n"
    request_id = system.ingest(content, mapping=columns, data_source="times")["request_id"]
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto("/profiles")
    page.get_by_label("Identifier").select_option("crmid")
    page.get_by_label("Value").fill("t1")
    page.keyboard.press("Enter")
    values = page.get_by_role("region", name="Values, and where each comes from")
    joined, ordered = values.get_by_role("row", name="Joined on"), values.get_by_role("row", name="Last order at")
    expect(joined).to_contain_text("8 Mar 1973")
    expect(ordered).to_contain_text("31 Jan 2024 23:30 UTC")
    expect(ordered.locator("time")).not_to_contain_text("UTC")
    expect(joined.locator("code")).to_have_text(f"{request_id[:13]}…")
    expect(joined.locator("code")).to_have_attribute("title", request_id)
    expect(joined.get_by_role("button", name="Copy the request ID of Joined on")).to_be_visible()
    assert violations(page) == []


def test_the_history_calls_a_data_source_by_its_display_name(system: HttpSystem) -> None:
    system.admin.post("/v1/data-sources", json={"name": "shop_till", "display_name": "The shop’s tills"})
    system.ingest(f"{HEADER}d1\t{PHONE}\t\n".encode(), data_source="shop_till")
    with signed_in(system, Role.VIEWER) as viewer:
        history = viewer.post("/profiles", data={"namespace": "crmid", "value": "d1"}).text
    assert 'data-label="Source">The shop’s tills<' in history
    assert "shop_till" not in history


def test_nobody_found_and_an_invalid_value_are_said_in_words_and_not_kept(system: HttpSystem, imported: str) -> None:
    with signed_in(system, Role.VIEWER) as viewer:
        nobody = viewer.post("/profiles", data={"namespace": "crmid", "value": "nobody-17"})
        assert (nobody.status_code, nobody.headers["cache-control"]) == (200, "no-store")
        assert "Nobody has this CRM ID." in nobody.text
        assert "upper and lower case count in this identifier" in nobody.text
        assert "was undone, or was replaced by a later one does not" in nobody.text
        invalid = viewer.post("/profiles", data={"namespace": "email", "value": "no address"})
        assert invalid.status_code == 422
        assert "Write one address, such as name@example.com" in invalid.text


def test_an_e_mail_address_that_identifies_keeps_the_advice_to_check_the_spelling(tmp_path: Path) -> None:
    mapping = [{"column": "email", "attribute": "email", "identifier": True}]
    asked = {"namespace": "email", "value": "nobody@example.com"}
    with serving(tmp_path / "data") as system, signed_in(system, Role.VIEWER) as viewer:
        before = viewer.post("/profiles", data=asked).text
        assert "No import that counts has identified anybody yet." in before
        assert "spelling" not in before
        system.ingest(b"email\nann@example.com\n", mapping=mapping)
        assert "Check the spelling. Only imports" in viewer.post("/profiles", data=asked).text


def test_without_the_permission_there_is_no_button_and_no_answer(system: HttpSystem, imported: str) -> None:
    asked = {"namespace": "crmid", "value": "c1"}
    with signed_in(system, Role.VIEWER) as viewer:
        assert "/profiles/reveal" not in viewer.post("/profiles", data=asked).text
        refused = viewer.post("/profiles/reveal", data=asked)
        assert refused.status_code == 403
        assert PHONE not in refused.text


def test_too_many_look_ups_are_refused_in_words(
    system: HttpSystem, imported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RateLimit, "_tokens", lambda *_: 0.0)
    with signed_in(system, Role.VIEWER) as viewer:
        answer = viewer.post("/profiles", data={"namespace": "crmid", "value": "c1"})
        assert answer.status_code == 429
        assert "Wait a few seconds" in answer.text
        assert "0 of 200 left" in answer.text
