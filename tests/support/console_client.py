"""A person of the console without a browser: for what a page says, where no script matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from penstock.domain.access.permissions import Role
from services.uploader.console.cookies import NAME
from tests.support.access import create_key
from tests.support.http_system import HttpSystem

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@contextmanager
def signed_in(
    system: HttpSystem, role: Role | None = None, name: str = "somebody", tenant_id: str = "default"
) -> Iterator[httpx.Client]:
    """A session with a new key of this role; without one, with a link, which may do everything."""
    if role is None:
        secret = {"link": system.sign_in_link(name).partition("link=")[2]}
    else:
        secret = {"key": create_key(system.keys, tenant_id, role, name)[0]}
    cookies = httpx.post(f"{system.url}/signin", data=secret, headers=SAME_SITE, timeout=60).cookies
    with httpx.Client(
        base_url=system.url, headers={**SAME_SITE, "Cookie": f"{NAME}={cookies[NAME]}"}, timeout=60
    ) as client:
        yield client
