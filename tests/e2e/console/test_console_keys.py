"""API keys and sessions in the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import expect

from penstock.domain.access.permissions import Role
from tests.support.access import create_key
from tests.support.browser import Visitor
from tests.support.console_client import client_with_key, console_client
from tests.support.http_system import HttpSystem

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def admin(system: HttpSystem) -> Iterator[httpx.Client]:
    with console_client(system, Role.ADMIN, "the admin") as client:
        yield client


def key_ids(system: HttpSystem, role: Role) -> list[str]:
    return [each.key_id for each in system.keys.list_keys("default") if each.role is role]


def session_ids(page: str) -> list[str]:
    return re.findall(r'action="/sessions/([0-9a-f]{64})/end"', page)


def test_a_new_key_is_shown_once_and_signs_in(visitor: Visitor, system: HttpSystem) -> None:
    page = visitor.page
    visitor.sign_in(system.sign_in_link())
    page.get_by_role("link", name="Keys").click()
    page.get_by_role("link", name="+ New key").click()
    page.get_by_label("Name").fill(MARKUP)
    page.get_by_role("radio", name="Viewer").check()
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("code.secret").inner_text()
    assert secret.startswith("pk_default_")
    assert secret not in page.url + page.title()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("API key").fill(secret)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{system.url}/")
    page.get_by_role("link", name=re.compile("default · <script>")).click()
    expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    expect(page.get_by_text("This one")).to_be_visible()
    expect(page.get_by_role("cell", name="Chrome on Linux")).to_be_visible()
    assert not visitor.problems


def test_a_revoked_key_ends_its_sessions(admin: httpx.Client, system: HttpSystem) -> None:
    secret, key = create_key(system.keys, "default", Role.UPLOADER, "to be revoked")
    with client_with_key(system, secret) as revoked:
        question = admin.get(f"/keys/{key.key_id}/revoke").text
        assert "1 open session ends at once" in question
        assert admin.post(f"/keys/{key.key_id}/revoke").status_code == 303
        assert revoked.get("/imports").headers["location"].startswith("/signin")
    assert "to be revoked" not in admin.get("/keys").text
    assert admin.post(f"/keys/{key.key_id}/revoke").status_code == 404


def test_the_last_admin_key_stays_and_the_page_says_why(system: HttpSystem) -> None:
    with console_client(system, Role.ADMIN, "the last one") as last:
        *others, own = key_ids(system, Role.ADMIN)
        for each in others:
            system.keys.revoke_key("default", each)
        page = last.get(f"/keys/{own}/revoke").text
        assert "last valid key with the role admin" in page
        assert "Revoke it" not in page
        answer = last.post(f"/keys/{own}/revoke")
        assert answer.status_code == 409
        assert "Create another key" in answer.text
        create_key(system.keys, "default", Role.ADMIN, "another")
        assert "you will be signed out" in last.get(f"/keys/{own}/revoke").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "role": "viewer", "days": ""}, "The key has no name"),
        ({"name": "n" * 201, "role": "viewer", "days": ""}, "has 201 characters"),
        ({"name": "x", "role": "god", "days": ""}, "no such role"),
        ({"name": "x", "role": "viewer", "days": "-1"}, "no such role or expiry"),
    ],
)
def test_a_refused_key_is_not_created(
    admin: httpx.Client, system: HttpSystem, fields: dict[str, str], words: str
) -> None:
    before = len(system.keys.list_keys("default"))
    answer = admin.post("/keys", data=fields)
    assert answer.status_code in (400, 422)
    assert words in answer.text
    assert len(system.keys.list_keys("default")) == before


def test_an_expiry_is_set(admin: httpx.Client, system: HttpSystem) -> None:
    admin.post("/keys", data={"name": "for a month", "role": "viewer", "days": "30"})
    (key,) = [each for each in system.keys.list_keys("default") if each.name == "for a month"]
    assert key.expires_at is not None
    assert 29.9 < (key.expires_at - key.created_at) / 86_400_000_000 <= 30.1


def test_people_see_and_end_their_own_sessions_only(admin: httpx.Client, system: HttpSystem) -> None:
    secret, _ = create_key(system.keys, "default", Role.VIEWER, "viewer of sessions")
    with ExitStack() as stack:
        first, second = (stack.enter_context(client_with_key(system, secret)) for _ in range(2))
        own = session_ids(first.get("/sessions").text)
        assert len(own) == 2
        assert set(own) < set(session_ids(admin.get("/sessions").text))
        assert "This one" in first.get("/sessions").text
        of_admin = next(each for each in session_ids(admin.get("/sessions").text) if each not in own)
        assert first.post(f"/sessions/{of_admin}/end").status_code == 403
        assert first.get("/keys").status_code == 403
        assert first.post("/keys", data={"name": "x", "role": "admin", "days": ""}).status_code == 403
        for each in own:
            admin.post(f"/sessions/{each}/end")
        for client in (first, second):
            assert client.get("/sessions").headers["location"].startswith("/signin")


def test_an_unknown_session_is_not_found(admin: httpx.Client) -> None:
    assert admin.post(f"/sessions/{'0' * 64}/end").status_code == 404


def test_a_page_without_permission_keeps_the_bar_and_says_why_once(system: HttpSystem) -> None:
    with console_client(system, Role.VIEWER, "kim") as viewer:
        for path in ("/keys", "/audit", "/operations", "/imports/new"):
            answer = viewer.get(path)
            assert answer.status_code == 403, path
            main = answer.text.partition("<main")[2]
            assert main.count("The key&#39;s role does not have the permission") == 1, path
            assert "Sign out" in answer.text
            assert "kim" in answer.text
            assert 'href="/sources"' in answer.text


def test_a_key_is_never_used_before_it_was_created(admin: httpx.Client) -> None:
    """The last use is kept to the hour."""
    page = admin.get("/keys").text
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
    used = [re.findall(r'<time datetime="([^"]+)"', row)[:2] for row in rows if "within an hour after" in row]
    assert used
    assert all(created <= last for created, last in used)
