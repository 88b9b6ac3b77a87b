"""Rejected rows in the console: shown, paged, downloaded, and corrected until they are in profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from penstock.domain.access.permissions import Role
from services.uploader.console.cookies import NAME
from tests.support.access import create_key
from tests.support.browser import Visitor
from tests.support.http_system import HttpSystem

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
COLUMNS: list[dict[str, Any]] = [
    {"column": "crmid", "attribute": "crmid", "identifier": True},
    {"column": "born", "attribute": "born", "format": "date", "pii": True},
    {"column": "city", "attribute": "town"},
]
HEADER = "crmid\tborn\tcity\n"
ROWS = HEADER + "c1\t1980-01-02\tUtrecht\nc2\t31-02-1980\t=Delft\nc3\tnever\tGouda\n"


@contextmanager
def signed_in(system: HttpSystem, role: Role) -> Iterator[httpx.Client]:
    """A browser without JavaScript."""
    key = create_key(system.keys, "default", role, f"rejects-{role}")[0]
    with httpx.Client(base_url=system.url, headers=SAME_SITE, timeout=60) as client:
        secret = client.post("/signin", data={"key": key}).cookies[NAME]
        client.cookies.clear()  # httpx does not send `Secure` ones to this machine
        client.cookies.set(NAME, secret)
        yield client


def ingest(system: HttpSystem, rows: str = ROWS, **options: Any) -> str:
    request_id: str = system.ingest(rows.encode(), mapping=COLUMNS, **options)["request_id"]
    return request_id


def profile(system: HttpSystem, crmid: str) -> Any:
    body = {"namespace": "crmid", "value": crmid, "reveal": True}
    return system.admin.post("/v1/profiles:lookup", json=body).json()["attributes"]


def child_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def test_a_row_is_corrected_in_place_to_the_stored_profile(visitor: Visitor, system: HttpSystem) -> None:
    request_id, page = ingest(system), visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto(f"/imports/{request_id}")
    page.get_by_role("link", name="Correct or download them").click()
    expect(page.get_by_text("31-02-1980")).to_have_count(0)
    page.get_by_role("button", name="Show the values and correct them here").click()
    page.get_by_role("group", name="Line 3").get_by_label("born").fill("1980-02-28")
    page.get_by_role("button", name="Import the corrected rows").click()
    expect(page.locator("#state")).to_have_text("Completed")
    expect(page.locator("p", has_text="corrects people.tsv")).to_be_visible()
    child = page.url.rpartition("/")[2]
    assert system.viewer.get(f"/v1/requests/{child}").json()["rows_ingested"] == 1
    corrections = system.viewer.get(f"/v1/requests/{request_id}").json()["corrections"]
    assert (corrections["rejects_corrected"], corrections["rejects_left"]) == (1, 1)
    found = profile(system, "c2")
    assert (found["born"], found["town"]) == ("1980-02-28", "=Delft")
    assert not visitor.problems


def test_values_are_masked_until_they_are_revealed_by_somebody_who_may(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.VIEWER) as person:
        page = person.get(f"/imports/{request_id}/rejects").text
        assert "31-02-1980" not in page
        assert "3*" in page
        assert "Show the values" not in page
        assert "Gouda" in page, "it is not personal"
        for path in ("rejects", "rejects/correct", "rejects/upload"):
            assert person.post(f"/imports/{request_id}/{path}", data={"x": ""}).status_code == 403
        assert person.get(f"/imports/{request_id}/rejects/file").status_code == 403
    with signed_in(system, Role.UPLOADER) as person:
        assert "31-02-1980" not in person.get(f"/imports/{request_id}/rejects").text
        assert "31-02-1980" in person.post(f"/imports/{request_id}/rejects", data={"reason": ""}).text
    recorded = system.admin.get("/v1/audit").json()["entries"]
    assert any(each["action"] == "rejects.reveal" and each["request_id"] == request_id for each in recorded)


def test_every_rejected_row_is_reached_page_by_page(system: HttpSystem) -> None:
    rows = HEADER + "".join(f"c{at}\tnever{'' if at % 3 else chr(9)}\tx\n" for at in range(301)) + "ok\t1980-01-01\tx\n"
    request_id = ingest(system, rows)
    with signed_in(system, Role.VIEWER) as person:
        for reason, lines in (("", range(2, 303)), ("wrong_field_count", range(2, 303, 3))):
            assert lines_of(person, f"/imports/{request_id}/rejects?reason={reason}") == list(lines)


def lines_of(person: httpx.Client, address: str) -> list[int]:
    """The lines of all pages from `address` on."""
    page = person.get(address).text
    found = [int(line) for line in re.findall(r'data-label="Line">(\d+)<', page)]
    after = re.search(r'href="([^"]*after=[^"]*)">Next rows', page)
    return found + (lines_of(person, after[1].replace("&amp;", "&")) if after else [])


def test_a_downloaded_file_is_corrected_and_uploaded_without_javascript(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        plain = person.get(f"/imports/{request_id}/rejects/file")
        assert person.get(f"/imports/{request_id}/rejects/file?bom=1").content == b"\xef\xbb\xbf" + plain.content
        corrected = plain.content.replace(b"never", b"1999-12-31").replace(b"31-02-1980", b"1980-02-01")
        child = child_of(person.post(f"/imports/{request_id}/rejects/upload", files={"file": ("fixed.tsv", corrected)}))
        assert system.ended(child)["rows_ingested"] == 2
        parent = person.get(f"/imports/{request_id}").text
        assert "2 rejected rows are corrected, 0 are left." in parent
        assert f'<a href="/imports/{child}" class="wide">fixed.tsv</a>' in parent


def test_a_refused_form_keeps_what_was_typed(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        answer = person.post(f"/imports/{request_id}/rejects/correct", data={"c-1-1": "never"})
        assert answer.status_code == 422
        assert "No row was changed" in answer.text
        person.post(f"/imports/{request_id}/undo", data={"x": ""})
        answer = person.post(f"/imports/{request_id}/rejects/correct", data={"c-1-1": "1999-12-31"})
        assert answer.status_code == 422
        assert "only rows of a completed request can be corrected" in answer.text


def test_corrected_cells_are_checked_before_they_are_imported(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        rejects = f"/imports/{request_id}/rejects"
        typed = {"c-0-1": "1980-02-28", "c-1-1": "soon"}
        answer = person.post(f"{rejects}/correct", data=typed)
        assert answer.status_code == 422
        assert "1 row does not fit yet" in answer.text
        assert system.viewer.get(f"/v1/requests/{request_id}").json()["corrections"] is None, "nothing was sent"
        assert 'value="soon" autocomplete="off" spellcheck="false" aria-invalid="true"' in answer.text
        assert '<p class="fault" id="c-1-1-fault">The value is not a date' in answer.text
        assert 'id="c-0-1-fault"' not in answer.text
        child = child_of(person.post(f"{rejects}/correct", data={**typed, "anyway": "yes"}))
        ended = system.ended(child)
        assert (ended["rows_ingested"], ended["rows_rejected"]) == (1, 1)
        assert ended["file_name"] == "2 corrected rows of people.tsv"


def test_a_row_with_a_cell_too_many_is_imported_as_the_form_shows_it(system: HttpSystem) -> None:
    request_id = ingest(system, HEADER + "c20\t1980-01-02\tDelft\nc21\t1980-01-02\tUtrecht\t\nc22\tnever\tGouda\n")
    with signed_in(system, Role.UPLOADER) as person:
        form = person.post(f"/imports/{request_id}/rejects", data={"reason": ""}).text
        assert re.findall(r'type="checkbox" name="([^"]*)"', form) == ["s-0"]
        child = child_of(person.post(f"/imports/{request_id}/rejects/correct", data={"s-0": "on", "c-1-1": "never"}))
        assert system.ended(child)["rows_ingested"] == 1
    assert profile(system, "c21")["town"] == "Utrecht"


def test_corrected_rows_are_marked_until_they_are_undone(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        rejects = f"/imports/{request_id}/rejects"
        assert "2 of 3 rows rejected" in person.get(rejects).text
        system.ended(child_of(person.post(f"{rejects}/correct", data={"c-0-1": "1980-02-28"})))
        page = person.get(rejects).text
        assert "2 of 3 rows rejected, 1 corrected since" in page
        assert "The numbers of rows are those of the import, before 1 row was corrected." in page
        assert re.findall(r'data-label="Line"><div>(\d+) <span class="chip ok">corrected', page) == ["3"]
        form = person.post(rejects, data={"reason": ""}).text
        assert re.findall(r">Line (\d+)<", form) == ["4"]
        assert '<span class="muted">crmid</span> c3' in form, "the person is named beside the cell that is wrong"
        assert "Or leave the cell blank" in form
        system.ended(child_of(person.post(f"{rejects}/correct", data={"c-1-1": ""})))
        parent = person.get(f"/imports/{request_id}").text
        assert "2 rejected, all corrected" in parent
        links = r'<a href="/imports/([^"]+)" class="wide">correction ([12]) \(1 corrected row of people'
        places = re.findall(links, parent)
        assert [place for _, place in places] == ["1", "2"]
        assert "correction 2 of <a" in person.get(f"/imports/{places[1][0]}").text
        listed = person.get("/imports").text
        for page in (listed, person.get("/sources/crm").text):
            assert re.findall(rf'correction ([12]) of <a href="/imports/{request_id}">', page) == ["2", "1"]
        assert "2 rejected, all corrected" in listed
        assert "· 2, 66.7 %, all corrected since" in parent
        assert ">See them</a>" in parent
        revealed = person.post(rejects, data={"reason": ""}).text
        assert "2 of 3 rows rejected, all corrected since" in revealed
        for offer in ("Import the corrected rows", "Upload it", "Download", "correct them here"):
            assert offer not in revealed + person.get(rejects).text
        person.post(f"/imports/{request_id}/undo", data={"x": ""})
        undone = person.get(f"/imports/{request_id}").text
        assert "Its corrections were undone with it" in undone
        assert "notice ok" not in undone


def test_on_a_phone_what_is_corrected_stands_below_the_file_name(browser: Browser, system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        rejects = f"/imports/{request_id}/rejects"
        system.ended(child_of(person.post(f"{rejects}/correct", data={"c-0-1": "1980-02-28"})))
    phone = Visitor(browser, system.url, viewport={"width": 360, "height": 800})
    phone.sign_in(system.sign_in_link())
    for address in ("/imports", "/sources/crm"):
        phone.page.goto(address)
        row = phone.page.get_by_role("row").filter(has_text="corrects people.tsv").first
        name, note = (
            row.get_by_role("link").first.bounding_box(),
            row.locator("p.note", has_text="corrects").bounding_box(),
        )
        assert name is not None
        assert note is not None
        assert note["x"] == pytest.approx(name["x"], abs=2), address
    phone.context.close()


def test_rows_that_lost_cells_are_shown_downloaded_and_corrected(system: HttpSystem) -> None:
    columns = [COLUMNS[0], COLUMNS[1] | {"on_misfit": "drop"}, COLUMNS[2]]
    request_id = system.ingest(ROWS.replace("c2", "c32").encode(), mapping=columns)["request_id"]
    with signed_in(system, Role.UPLOADER) as person:
        link = f"/imports/{request_id}/rejects?dropped=1"
        assert link in person.get(f"/imports/{request_id}").text
        page = person.get(link).text
        assert re.findall(r'data-label="Line">(\d+)<', page) == ["3", "4"]
        assert "31-02-1980" not in page
        assert "31-02-1980" in person.post(f"/imports/{request_id}/rejects", data={"dropped": "1"}).text
        file = person.get(f"/imports/{request_id}/rejects/file?dropped=1").content
        corrected = {"file": ("fixed.tsv", file.replace(b"31-02-1980", b"1980-02-03"))}
        system.ended(child_of(person.post(f"/imports/{request_id}/rejects/upload?dropped=1", files=corrected)))
        assert re.findall(r'data-label="Line"><div>(\d+) <span', person.get(link).text) == ["3"]
        words = "1 of 2 rows that lost cells has them by now, 1 still lacks them."
        parent = person.get(f"/imports/{request_id}").text
        assert "1 row that had lost cells has them now" in parent
        assert words in parent
        assert words in person.get(link).text
    assert profile(system, "c32")["born"] == "1980-02-03"


def test_rows_that_lost_cells_are_corrected_in_place(system: HttpSystem) -> None:
    columns = [COLUMNS[0], COLUMNS[1] | {"on_misfit": "drop"}, COLUMNS[2]]
    request_id = system.ingest(ROWS.replace("c2", "c42").encode(), mapping=columns)["request_id"]
    with signed_in(system, Role.UPLOADER) as person:
        page = person.post(f"/imports/{request_id}/rejects", data={"dropped": "1"}).text
        name = re.findall(r'name="(c-[0-9]-1)" value="31-02-1980"', page)[0]
        same = person.post(f"/imports/{request_id}/rejects/correct", data={"dropped": "1", name: "31-02-1980"})
        assert (same.status_code, "No row was changed" in same.text, "31-02-1980" in same.text) == (422, True, True)
        sent = person.post(f"/imports/{request_id}/rejects/correct", data={"dropped": "1", name: "1980-02-04"})
        system.ended(child_of(sent))
        assert "1 row that had lost cells has them now" in person.get(f"/imports/{request_id}").text
    assert profile(system, "c42")["born"] == "1980-02-04"


def test_the_files_for_people_and_for_spreadsheets_have_different_names(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        names = [
            person.get(f"/imports/{request_id}/rejects/file{query}").headers["content-disposition"]
            for query in ("", "?bom=1")
        ]
    assert names == [
        f'attachment; filename="rejects-{request_id}.tsv"',
        f'attachment; filename="rejects-{request_id}-spreadsheet.tsv"',
    ]


def test_a_row_that_is_corrected_stays_so_when_its_old_cells_come_again(system: HttpSystem) -> None:
    request_id = ingest(system, ROWS.replace("c2", "c52"))
    with signed_in(system, Role.UPLOADER) as person:
        file = person.get(f"/imports/{request_id}/rejects/file").content
        first = {"file": ("fixed.tsv", file.replace(b"31-02-1980", b"1980-02-05"))}
        system.ended(child_of(person.post(f"/imports/{request_id}/rejects/upload", files=first)))
        page = person.get(f"/imports/{request_id}/rejects").text
        assert "Rows that are corrected already are not among them" in page
        left = person.get(f"/imports/{request_id}/rejects/file").text
        assert ("31-02-1980" in left, "never" in left) == (False, True)
        second = {"file": ("fixed.tsv", file.replace(b"never", b"1999-12-31"))}
        system.ended(child_of(person.post(f"/imports/{request_id}/rejects/upload", files=second)))
        assert "2 rejected rows are corrected, 0 are left." in person.get(f"/imports/{request_id}").text
    assert profile(system, "c52")["born"] == "1980-02-05"


def test_a_file_in_another_encoding_is_uploaded_with_the_one_that_the_page_suggests(system: HttpSystem) -> None:
    request_id = ingest(system, ROWS.replace("c3", "c63"))
    with signed_in(system, Role.UPLOADER) as person:
        page = f"/imports/{request_id}/rejects"
        assert '<option value="" selected>UTF-8, as downloaded' in person.get(page).text
        text = person.get(f"{page}/file").text.replace("never", "1999-12-31").replace("Gouda", "Zürich Süd")
        western, unicode = ({"file": ("fixed.tsv", text.encode(encoding))} for encoding in ("cp1252", "utf-8"))
        refused = person.post(f"{page}/upload", files=western)
        assert refused.status_code == 422
        assert re.findall(r'<option value="([^"]*)" selected>', refused.text) == ["cp1252"]
        assert "cp1252 is chosen below as its encoding" in refused.text
        assert "--encoding" not in refused.text
        refused = person.post(f"{page}/upload", files=unicode, data={"encoding": "cp1252"})
        assert refused.status_code == 422
        assert re.findall(r'<option value="([^"]*)" selected>', refused.text) == ["cp1252"], "what was chosen stays"
        assert "“UTF-8, as downloaded”, or another of the list" in refused.text
        system.ended(child_of(person.post(f"{page}/upload", files=western, data={"encoding": "cp1252"})))
        child_of(person.post(f"{page}/upload", files=unicode, data={"encoding": ""}))
    assert profile(system, "c63")["town"] == "Zürich Süd"


def test_a_file_whose_identifiers_lost_their_zeros_is_refused(system: HttpSystem) -> None:
    request_id = ingest(system, ROWS.replace("c3", "000879"))
    with signed_in(system, Role.UPLOADER) as person:
        page = f"/imports/{request_id}/rejects"
        text = person.get(f"{page}/file").text.replace("never", "1999-12-31")
        lossy = text.replace("000879", "879").encode()
        refused = person.post(f"{page}/upload", files={"file": ("fixed.tsv", lossy)})
        assert refused.status_code == 422
        assert "Cells of the column &#39;crmid&#39; have lost their leading zeros in 1 of 2 rows" in refused.text
        assert "correct the rows on this page" in refused.text
        assert "penstock ingest" not in refused.text
        assert system.admin.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": "879"}).status_code == 404
        answer = system.uploader.post(f"/v1/requests/{request_id}:resubmit", files={"file": ("fixed.tsv", lossy)})
        assert (answer.status_code, answer.json()["code"]) == (422, "leading_zeros_lost")
        system.ended(child_of(person.post(f"{page}/upload", files={"file": ("fixed.tsv", text.encode())})))
    assert profile(system, "000879")["born"] == "1999-12-31"


@pytest.mark.parametrize("dropped", [False, True])
def test_more_rows_than_fit_a_form_are_corrected_in_a_file(system: HttpSystem, dropped: bool) -> None:
    columns = [COLUMNS[0], COLUMNS[1] | ({"on_misfit": "drop"} if dropped else {}), COLUMNS[2]]
    query = "?dropped=1" if dropped else ""
    for count in (50, 51):
        rows = HEADER + "ok\t1980-01-01\tx\n" + "".join(f"c{at}\tnever\tx\n" for at in range(count))
        request_id = system.ingest(rows.encode(), mapping=columns)["request_id"]
        with signed_in(system, Role.UPLOADER) as person:
            first = person.get(f"/imports/{request_id}/rejects{query}").text
        with signed_in(system, Role.VIEWER) as reader:
            assert "too many rows" not in reader.get(f"/imports/{request_id}/rejects{query}").text
        assert ("There are too many rows for a form here" in first) is (count > 50)
        assert ("correct them here" in first) is (count <= 50)


@pytest.mark.parametrize(("dropped", "reason"), [(False, "not_an_integer"), (True, "visits")])
def test_rows_of_one_reason_are_corrected_in_place_among_too_many(
    system: HttpSystem, dropped: bool, reason: str
) -> None:
    drop = {"on_misfit": "drop"} if dropped else {}
    visits = {"column": "visits", "attribute": "number_of_visits", "format": "integer", **drop}
    rows = "".join(f"m{dropped:d}{at}\tnever\tx\t1\n" for at in range(51)) + f"m{dropped:d}z\t1980-01-01\tx\tmany\n"
    content = f"crmid\tborn\tcity\tvisits\nok\t1980-01-01\tx\t1\n{rows}"
    columns = [COLUMNS[0], COLUMNS[1] | drop, COLUMNS[2], visits]
    request_id = system.ingest(content.encode(), mapping=columns)["request_id"]
    fields = {"reason": reason, "dropped": "1" if dropped else ""}
    with signed_in(system, Role.UPLOADER) as person:
        rejects = f"/imports/{request_id}/rejects"
        whole = person.get(f"{rejects}{'?dropped=1' if dropped else ''}").text
        assert "here, by “Show only these”:" in whole
        link = f"{rejects}?dropped=1&amp;reason=visits" if dropped else f"{rejects}?reason=not_an_integer"
        assert link in whole
        assert "correct them here" in person.get(unescape(link)).text
        assert re.findall(r">Line (\d+)<", person.post(rejects, data=fields).text) == ["54"]
        system.ended(child_of(person.post(f"{rejects}/correct", data={**fields, "c-0-3": "7"})))
    assert profile(system, f"m{dropped:d}z")["number_of_visits"] == 7


def test_the_two_downloads_are_explained_to_those_who_may_download(system: HttpSystem) -> None:
    request_id = ingest(system)
    for role, explained in ((Role.UPLOADER, True), (Role.VIEWER, False)):
        with signed_in(system, role) as person:
            page = person.get(f"/imports/{request_id}").text
            assert f'/rejects">{"Correct or download them" if explained else "See them"}</a>' in page
        with signed_in(system, role) as person:
            assert ("by which Excel recognises UTF-8" in person.get(f"/imports/{request_id}/rejects").text) is explained


def test_a_wrong_file_is_refused_on_the_page(system: HttpSystem) -> None:
    request_id = ingest(system)
    with signed_in(system, Role.UPLOADER) as person:
        for content in (b"", b"name\tage\nann\t3\n"):
            answer = person.post(f"/imports/{request_id}/rejects/upload", files={"file": ("other.tsv", content)})
            assert answer.status_code == 422
            assert 'role="alert"' in answer.text
            assert "Upload the corrected file" in answer.text


def test_without_rejected_rows_the_page_says_so(system: HttpSystem) -> None:
    request_id = ingest(system, HEADER + "c9\t1980-01-02\tUtrecht\n")
    with signed_in(system, Role.VIEWER) as person:
        assert "No row was rejected." in person.get(f"/imports/{request_id}/rejects").text
        assert person.get(f"/imports/{request_id}/rejects?after=1.x&reason=y").status_code == 200


def test_markup_in_cells_and_column_names_is_text(visitor: Visitor, system: HttpSystem) -> None:
    evil = '"><img/src=x/onerror=alert(1)>'
    columns = [{**COLUMNS[0]}, {**COLUMNS[1], "column": evil}, COLUMNS[2]]
    rows = f"crmid\t{evil}\tcity\nc1\t1980-01-02\tx\nc2\t{evil}\t{evil}\n"
    request_id = system.ingest(rows.encode(), mapping=columns)["request_id"]
    visitor.sign_in(system.sign_in_link())
    visitor.page.goto(f"/imports/{request_id}/rejects")
    assert visitor.page.locator("main img").count() == 0
    visitor.page.get_by_role("button", name="Show the values").click()
    expect(visitor.page.get_by_label(evil)).to_have_value(evil)
    assert visitor.page.locator("main img").count() == 0
    assert not visitor.problems
