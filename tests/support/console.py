"""The console without a browser: pages and forms over HTTP, in a session of a key."""

from __future__ import annotations

import re
from html import unescape

import httpx

from penstock.domain.access.permissions import Role
from services.uploader.console.cookies import NAME
from tests.support.access import create_key
from tests.support.http_system import HttpSystem

OWN = {"Sec-Fetch-Site": "same-origin"}


def console_client(system: HttpSystem, role: Role, name: str = "") -> httpx.Client:
    """Somebody who has signed in with a new key."""
    key, _ = create_key(system.keys, "default", role, name or f"a {role}")
    return client_with_key(system, key)


def client_with_key(system: HttpSystem, key: str) -> httpx.Client:
    answer = httpx.post(f"{system.url}/signin", data={"key": key}, headers=OWN)
    assert answer.status_code == 303, answer.text
    cookies = {NAME: answer.cookies[NAME]}
    headers = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}  # also of forms without fields
    return httpx.Client(base_url=system.url, headers=headers, cookies=cookies, timeout=60)


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`, as a browser would send them back."""
    (form,) = re.findall(rf'<form method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in pairs}
