"""The page of a request: followed while it runs, and what a person does about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from penstock.domain.access.permissions import Role
from services.uploader.console.cookies import NAME
from tests.support.access import create_key
from tests.support.browser import Visitor
from tests.support.holding import held_at
from tests.support.http_system import HEADER, HttpSystem

SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
MANY = (HEADER + "".join(f"c{at:06}\t+3161234{at % 10_000:04}\tshoes\n" for at in range(60_000))).encode()
FEW = (HEADER + "c1\t+31612345678\tshoes\nc2\t+31612345679\thats\n").encode()


@pytest.fixture
def other(browser: Browser, system: HttpSystem) -> Iterator[Visitor]:
    """Somebody else, with a browser profile of their own."""
    other = Visitor(browser, system.url)
    yield other
    other.context.close()


@contextmanager
def signed_in(system: HttpSystem, role: Role) -> Iterator[httpx.Client]:
    """A browser without JavaScript."""
    key = create_key(system.keys, "default", role, f"page-{role}")[0]
    with httpx.Client(base_url=system.url, headers=SAME_SITE, timeout=60) as client:
        answer = client.post("/signin", data={"key": key})
        secret = answer.cookies[NAME]
        client.cookies.clear()  # of cookies that are `Secure`, httpx takes care as if this were another machine
        client.cookies.set(NAME, secret)
        yield client


@pytest.mark.parametrize("hangs", [False, True])
def test_a_page_whose_first_try_to_follow_fails_tries_again(visitor: Visitor, system: HttpSystem, hangs: bool) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    lost: list[Route] = []

    def lose(route: Route) -> None:
        lost.append(route)
        if not hangs:
            route.abort()

    page.route("**/events", lose, times=1)
    with held_at("worker.before_upsert") as release:
        request_id = system.upload(FEW).json()["request_id"]
        page.goto(f"/imports/{request_id}")
        with page.expect_response("**/events"):
            pass
        assert len(lost) == 1
        release()
        expect(page.locator("#state")).to_contain_text("Completed")


def stage(page: Page, name: str) -> str:
    return page.get_by_role("listitem").filter(has_text=name).locator(".figure-big").inner_text()


def test_two_browsers_follow_a_running_file_to_its_end(visitor: Visitor, other: Visitor, system: HttpSystem) -> None:
    pages = []
    with held_at("worker.before_upsert", passes=1) as release:
        request_id = system.upload(MANY).json()["request_id"]
        for each in (visitor, other):
            each.sign_in(system.sign_in_link())
            each.page.goto(f"/imports/{request_id}")
            pages.append(each.page)
        for page in pages:
            expect(page.locator("#progress")).to_contain_text(re.compile(r"1 of \d+ parts"))
        read = {stage(page, "Read") for page in pages}
        assert len(read) == 1
        assert read != {"60,000"}
        cancel = pages[0].get_by_role("link", name="Cancel…").bounding_box()
        release()
        for page in pages:
            expect(page.locator("#state")).to_have_text("Completed")
            assert stage(page, "Finished") == "60,000"
    undo = pages[0].get_by_role("link", name="Undo…").bounding_box()
    assert undo is not None
    assert cancel is not None
    assert undo["x"] + undo["width"] <= cancel["x"], "it stands where a person was about to press Cancel"
    expect(pages[0].get_by_role("heading", name="The plan it ran with")).to_be_visible()
    for name in ("Rejected rows", "Timeline"):
        panel = pages[0].get_by_role("region", name=name)
        assert panel.evaluate("each => getComputedStyle(each).overflowY") == "visible", "it may be cut off"
    assert not visitor.problems
    assert not other.problems


def test_an_undo_says_what_it_does_and_then_that_it_is_done(visitor: Visitor, system: HttpSystem) -> None:
    request_id = system.ingest(FEW)["request_id"]
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.goto(f"/imports/{request_id}")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("region", name="Undo this import?")).to_contain_text("Its 2 rows stop counting")
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator("#state")).to_contain_text("Reverted")
    expect(page.locator("#outcome")).to_contain_text("none of its 2 rows counts any more")
    source = system.viewer.get(f"/v1/requests/{request_id}").json()["data_source"]
    assert page.get_by_role("link", name="New import").get_attribute("href") == f"/imports/new?source={source}"
    assert system.viewer.get(f"/v1/requests/{request_id}").json()["status"] == "REVERTED"
    assert not visitor.problems


def test_a_cancel_that_comes_too_late_says_what_happened_meanwhile(system: HttpSystem) -> None:
    request_id = system.ingest(FEW)["request_id"]
    with signed_in(system, Role.UPLOADER) as person:
        answer = person.post(f"/imports/{request_id}/cancel")
        assert answer.status_code == 409
        assert "It was too late: the import is completed now." in answer.text
        assert "undo the request" in answer.text


def test_a_cancel_is_acknowledged_at_once_and_says_what_was_written(system: HttpSystem) -> None:
    with held_at("worker.before_upsert"), signed_in(system, Role.UPLOADER) as person:
        request_id = system.upload(FEW).json()["request_id"]
        asked = person.get(f"/imports/{request_id}?confirm=cancel").text
        assert "Cancel this import?" in asked
        answer = person.post(f"/imports/{request_id}/cancel", follow_redirects=True)
        assert "It was cancelled before any row was written. Nothing has changed." in answer.text


def test_a_held_file_is_approved(system: HttpSystem) -> None:
    held = system.upload(FEW + b"c3\t+31612345670\n", max_rejects="0")
    request_id = held.json()["request_id"]
    next(each for each in system.each_event(request_id) if each["status"] == "HELD")
    with signed_in(system, Role.UPLOADER) as person:
        page = person.get(f"/imports/{request_id}").text
        assert "the limit is 0" in page
        assert "Approve 2 rows" in page
        assert "Completed" in person.post(f"/imports/{request_id}/approve", follow_redirects=True).text


def test_the_approval_of_a_replacement_asks_first(visitor: Visitor, system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "desk"})
    earlier = system.ingest(FEW, data_source="desk")["request_id"]
    request_id = system.upload(
        HEADER.encode() + b"c9\t+31612345678\tshoes\nc3\t+31612345670\n",
        data_source="desk",
        mode="replace",
        max_rejects="0",
    ).json()["request_id"]
    next(each for each in system.each_event(request_id) if each["status"] == "HELD")
    visitor.sign_in(system.sign_in_link())
    page = visitor.page
    page.goto(f"/imports/{request_id}")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("link", name="Approve 1 row…").click()
    asked = page.get_by_role("region", name="Approve this import?")
    expect(asked).to_contain_text(
        "Everything that earlier imports of its data source have stored stops counting: 2 rows of 1 import."
    )
    assert system.viewer.get(f"/v1/requests/{request_id}").json()["status"] == "HELD"
    expect(asked.get_by_role("button", name="Approve 1 row")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("Completed")
    expect(page.locator("#outcome")).to_contain_text(
        "Earlier imports of its data source no longer count because of this"
    )
    page.goto(f"/imports/{earlier}")
    expect(page.locator("#outcome")).to_contain_text("its 2 rows no longer count: replaced by people.tsv")
    assert not visitor.problems


def test_a_viewer_gets_no_button_and_is_refused_all_the_same(system: HttpSystem) -> None:
    request_id = system.ingest(FEW)["request_id"]
    with signed_in(system, Role.VIEWER) as person:
        page = person.get(f"/imports/{request_id}").text
        assert "Undo" not in page
        for name in ("undo", "cancel", "approve", "resubmit-set-aside"):
            assert person.post(f"/imports/{request_id}/{name}").status_code == 403
    assert system.viewer.get(f"/v1/requests/{request_id}").json()["status"] == "COMPLETED"


def test_markup_in_a_file_name_is_text_on_the_page(visitor: Visitor, system: HttpSystem) -> None:
    name = '"><img src=x onerror=alert(1)>.tsv'
    request_id = system.ingest(FEW, file_name=name)["request_id"]
    visitor.sign_in(system.sign_in_link())
    visitor.page.goto(f"/imports/{request_id}")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("<img src=x onerror=alert(1)>.tsv")
    assert visitor.page.locator("main img").count() == 0
    assert not visitor.problems


def test_the_stream_of_an_ended_request_is_the_last_message_and_its_end(system: HttpSystem) -> None:
    request_id = system.ingest(FEW)["request_id"]
    with signed_in(system, Role.VIEWER) as person:
        answer = person.get(f"/imports/{request_id}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        first, last, rest = answer.text.split("\n\n")
        assert {line[:6] for line in first.splitlines()} == {"data: "}
        assert 'hx-target="#progress"' in first
        assert (last, rest) == ("event: ended\ndata: ", "")
        assert person.get("/imports/01a2233f-af3d-71d7-8485-483a957dceb3/events").status_code == 404
    stranger = httpx.get(f"{system.url}/imports/{request_id}/events")
    assert stranger.headers["location"].startswith("/signin")


def test_a_replaced_import_says_that_its_rows_no_longer_count(system: HttpSystem) -> None:
    system.ingest(b"crmid\tphone\tpreferences\nold1\t1\tx\n", data_source="replaced", name="old.tsv")
    old = system.viewer.get("/v1/requests?data_source=replaced").json()["requests"][0]["request_id"]
    newer = system.ingest(
        b"crmid\tphone\tpreferences\nnew1\t1\tx\n", data_source="replaced", name="new.tsv", mode="replace"
    )["request_id"]
    assert system.viewer.get(f"/v1/requests/{old}").json()["replaced_by"] == newer
    with signed_in(system, Role.VIEWER) as person:
        page = person.get(f"/imports/{old}").text
        assert "Completed; its 1 row no longer counts: replaced by" in page
        assert f'<a href="/imports/{newer}" class="wide">new.tsv</a>' in page
        assert "count in profiles" not in page
        assert "replaced, its data no longer count" in person.get("/imports?source=replaced").text
        assert "; replaced" in person.get("/sources/replaced").text
