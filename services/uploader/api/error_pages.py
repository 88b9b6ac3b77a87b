"""A page about each error code, to which the `type` of a problem leads. It has no customer data, so it needs no key."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from penstock.domain.errors import NotFound, problem_type
from penstock.error_codes import ErrorCode, error_codes
from services.uploader.api.route import Operation

_SEE_HINT = "The hint of the fault tells how to fix it."
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} ({code})</title>
<h1>{title}</h1>
<p>Code: <code>{code}</code></p>
<h2>When it happens</h2>
<p>{when}.</p>
<h2>How to fix it</h2>
<p>{fix}</p>
</html>
"""

router = APIRouter(route_class=Operation)


@router.get(problem_type("{code}"), response_class=HTMLResponse, include_in_schema=False)
def error_page(code: str) -> HTMLResponse:
    """What an error code means, and how to fix the error."""
    documented = error_codes().get(code)
    if documented is None:
        raise NotFound("there is no such error code")
    return HTMLResponse(_page(documented), headers={"Content-Security-Policy": "default-src 'none'"})


def _page(error: ErrorCode) -> str:
    fix = f"{error.fix}." if error.fix else _SEE_HINT
    return _PAGE.format(**{name: escape(text) for name, text in (error._asdict() | {"fix": fix}).items()})
