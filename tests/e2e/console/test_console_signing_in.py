"""Signing in to the console, out of it, and what a page of another site cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from penstock.wiring.use_cases import use_cases_of
from services.uploader.api.app import CALLS_PER_KEY
from services.uploader.console.cookies import NAME
from services.uploader.console.protection import CONTENT_POLICY
from tests.support.access import caller, create_key
from tests.support.browser import Visitor
from tests.support.http_system import HEADER, HttpSystem
from tests.support.waiting import until

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


def new_key(system: HttpSystem, role: Role, name: str) -> str:
    return create_key(system.keys, "default", role, name)[0]


def test_a_link_signs_in_once(visitor: Visitor, system: HttpSystem) -> None:
    link = system.sign_in_link()
    visitor.sign_in(link)
    expect(visitor.page.get_by_text("default · ann")).to_be_visible()
    other = visitor.new_page()
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("penstock sign-in")
    assert visitor.problems == ["Failed to load resource: the server responded with a status of 403 (Forbidden)"]


def test_looking_at_a_link_does_not_use_it_up(visitor: Visitor, system: HttpSystem) -> None:
    link = system.sign_in_link()
    assert httpx.get(link).status_code == 200
    visitor.sign_in(link)
    expect(visitor.page.get_by_role("heading", name="Home")).to_be_visible()
    assert not visitor.problems


def test_a_key_signs_in_to_the_page_that_was_asked_for_and_is_not_kept(visitor: Visitor, system: HttpSystem) -> None:
    key, page = new_key(system, Role.UPLOADER, "crm-team"), visitor.page
    page.goto("/imports?before=")
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/imports?before=")
    expect(page.get_by_text("default · crm-team")).to_be_visible()
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    (cookie,) = visitor.context.cookies()
    assert key not in kept
    assert key not in cookie["value"]
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"]) == (NAME, True, True)
    assert not visitor.problems


def test_signing_out_ends_the_session(visitor: Visitor, system: HttpSystem) -> None:
    visitor.sign_in(system.sign_in_link())
    (cookie,) = visitor.context.cookies()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/signin")
    assert not visitor.context.cookies()
    again = httpx.get(f"{system.url}/imports", cookies={NAME: cookie["value"]})
    assert (again.status_code, again.headers["location"]) == (303, "/signin?next=%2Fimports")


def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(visitor: Visitor, system: HttpSystem) -> None:
    visitor.sign_in(system.sign_in_link())
    (first,) = visitor.context.cookies()
    visitor.sign_in(system.sign_in_link())
    (second,) = visitor.context.cookies()
    assert first["value"] != second["value"]
    assert httpx.get(f"{system.url}/", cookies={NAME: first["value"]}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_call_caused_by_another_site_is_refused(system: HttpSystem, headers: dict[str, str]) -> None:
    key = new_key(system, Role.ADMIN, "admin")
    answer = httpx.post(f"{system.url}/signin", data={"key": key}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert httpx.post(f"{system.url}/signin", data={"key": key}, headers=SAME_SITE).status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", ""])
def test_nobody_is_led_to_another_site(system: HttpSystem, target: str) -> None:
    key = new_key(system, Role.ADMIN, "admin")
    answer = httpx.post(f"{system.url}/signin", data={"key": key, "next": target}, headers=SAME_SITE)
    assert answer.headers["location"] == "/"


def test_an_api_key_opens_no_page_and_a_session_no_call(system: HttpSystem) -> None:
    key = new_key(system, Role.ADMIN, "admin")
    with_key = httpx.get(f"{system.url}/imports", headers={"Authorization": f"Bearer {key}"})
    assert with_key.status_code == 303
    signed_in = httpx.post(f"{system.url}/signin", data={"key": key}, headers=SAME_SITE)
    call = httpx.get(f"{system.url}/v1/requests", cookies=dict(signed_in.cookies))
    assert call.status_code == 401


class Leaver:
    """Somebody whose session ends while the server reads what they send."""

    def __init__(self, system: HttpSystem) -> None:
        self.system = system
        self.secret, self.key = create_key(system.keys, "default", Role.ADMIN, "leaver")
        cookies = httpx.post(f"{system.url}/signin", data={"key": self.secret}, headers=SAME_SITE).cookies
        self.headers = {**SAME_SITE, "Cookie": f"{NAME}={cookies[NAME]}"}

    def send(self, path: str, end: Callable[[Leaver], object], **body: Any) -> httpx.Response:
        whole = httpx.Request("POST", f"{self.system.url}{path}", **body)
        content = whole.read()

        def halves() -> Iterator[bytes]:
            yield content[: len(content) // 2]
            until(self.is_admitted)
            end(self)
            yield content[len(content) // 2 :]

        headers = {**self.headers, "Content-Type": whole.headers["content-type"]}
        return httpx.post(whole.url, content=halves(), headers=headers, timeout=60)

    def is_admitted(self) -> bool:
        """Whether two calls of the key are under way: this one, and what is sent."""
        answer = httpx.get(f"{self.system.url}/v1/api-keys", headers={"Authorization": f"Bearer {self.secret}"})
        return f'"calls";r={CALLS_PER_KEY - 2}' in answer.headers["RateLimit"]

    def revoke_key(self) -> None:
        self.system.keys.revoke_key("default", self.key.key_id)

    def sign_out(self) -> None:
        httpx.post(f"{self.system.url}/signout", data={"a": ""}, headers=self.headers)


ENDS = [Leaver.revoke_key, Leaver.sign_out]


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_ends_before_its_form_creates_no_key(
    system: HttpSystem, end: Callable[[Leaver], object]
) -> None:
    answer = Leaver(system).send("/keys", end, data={"name": "back door", "role": "admin", "days": "365"})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/signin")
    assert "back door" not in [each.name for each in system.keys.list_keys("default")]


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_ends_before_its_file_imports_nothing(
    system: HttpSystem, end: Callable[[Leaver], object]
) -> None:
    imports, ann = use_cases_of(system.standalone.system).imports, caller(Role.ADMIN)
    draft_id = imports.create(ann, "leaving").draft_id
    file = {"file": ("a.tsv", b"crmid\nc1\n")}
    answer = Leaver(system).send(f"/imports/new/{draft_id}/upload", end, files=file)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/signin")
    assert imports.file(ann, draft_id) is None


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_ends_before_its_corrected_file_corrects_nothing(
    system: HttpSystem, rejected: str, end: Callable[[Leaver], object]
) -> None:
    path, file = f"/imports/{rejected}/rejects/upload", {"file": ("a.tsv", HEADER.encode() + b"c2\t\t\n")}
    before = system.stored_keys()
    answer = Leaver(system).send(path, end, files=file)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/signin")
    assert system.stored_keys() == before
    assert [each["request_id"] for each in system.viewer.get("/v1/requests").json()["requests"]] == [rejected]


@pytest.fixture(scope="module")
def rejected(system: HttpSystem) -> str:
    """The id of an import that has rejected a row."""
    return str(system.ingest((HEADER + "c1\t\t\nc2\n").encode(), data_source="crm")["request_id"])


@pytest.mark.parametrize("path", ["/signin", "/imports", "/"])
def test_each_page_has_the_strict_policy_and_is_not_cached(system: HttpSystem, path: str) -> None:
    headers = httpx.get(f"{system.url}{path}").headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["cache-control"] == "no-store"


def test_the_style_sheet_may_be_kept_under_the_name_of_its_content(system: HttpSystem) -> None:
    page = httpx.get(f"{system.url}/signin").text
    (address,) = [part for part in page.split('"') if part.endswith("console.css")]
    assert "immutable" in httpx.get(f"{system.url}{address}").headers["cache-control"]
    older = address.replace(address.split("/")[2], "0" * 16)
    assert httpx.get(f"{system.url}{older}").headers["cache-control"] == "no-store"
    for name in ("../site.py", "vendor/vendored.json", "none.css"):
        assert httpx.get(f"{system.url}/static/0/{name}").status_code == 404


def test_an_auditor_sees_the_audit_and_no_imports(visitor: Visitor, system: HttpSystem) -> None:
    page = visitor.page
    page.goto("/signin")
    page.get_by_label("API key").fill(new_key(system, Role.AUDITOR, "auditor"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{system.url}/")
    expect(page.get_by_role("navigation")).not_to_contain_text("Imports")
    answer = page.goto("/imports")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("alert")).to_contain_text("a key with the role")


def test_a_wrong_link_leads_to_a_page(visitor: Visitor) -> None:
    answer = visitor.page.goto("/nothing")
    assert answer is not None
    assert answer.status == 404
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    expect(visitor.page.get_by_role("link", name="To the home page")).to_be_visible()
