"""A person of the console without a browser: for what a page says, where no script matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx

from penstock.domain.access.permissions import Role
from services.uploader.console.cookies import NAME
from tests.support.access import create_key
from tests.support.http_system import HttpSystem

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}  # also of forms without fields


@contextmanager
def signed_in(
    system: HttpSystem, role: Role | None = None, name: str = "somebody", tenant_id: str = "default"
) -> Iterator[httpx.Client]:
    """A session with a new key of this role; without one, with a link, which may do everything."""
    if role is None:
        secret = {"link": system.sign_in_link(name).partition("link=")[2]}
    else:
        secret = {"key": create_key(system.keys, tenant_id, role, name)[0]}
    with _session(system, secret) as client:
        yield client


def console_client(system: HttpSystem, role: Role, name: str = "") -> httpx.Client:
    """Somebody who has signed in with a new key, and sends forms."""
    key, _ = create_key(system.keys, "default", role, name or f"a {role}")
    return client_with_key(system, key)


def client_with_key(system: HttpSystem, key: str) -> httpx.Client:
    client = _session(system, {"key": key})
    client.headers.update(FORM)
    return client


def _session(system: HttpSystem, secret: dict[str, str]) -> httpx.Client:
    answer = httpx.post(f"{system.url}/signin", data=secret, headers=SAME_SITE, timeout=60)
    assert answer.status_code == 303, answer.text
    cookie = {"Cookie": f"{NAME}={answer.cookies[NAME]}"}
    return httpx.Client(base_url=system.url, headers={**SAME_SITE, **cookie}, timeout=60)


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`, as a browser would send them back."""
    (form,) = re.findall(rf'<form method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in pairs}
