"""The cookie that holds a session's secret."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from penstock.domain.access.session import LONGEST_US

NAME = "__Host-penstock"  # the prefix makes a browser refuse it from another host, path, or without `Secure`


def secret_of(request: Request) -> str:
    """The secret that the browser sent, "" if none."""
    return request.cookies.get(NAME, "")


def keep(response: Response, secret: str) -> None:
    """Have the browser keep a session. It takes `Secure` cookies of 127.0.0.1 and localhost over plain HTTP too."""
    response.set_cookie(
        NAME, secret, max_age=LONGEST_US // 1_000_000, path="/", secure=True, httponly=True, samesite="lax"
    )


def forget(response: Response) -> None:
    response.delete_cookie(NAME, path="/", secure=True, httponly=True, samesite="lax")
