"""Entity tags (RFC 9110): the revision of what is edited, so that a change can name the state it was decided on.

`If-Match` is optional: without it, the fields that a call names are changed whatever the others have become.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from fastapi import Header, Response

from penstock.domain.errors import refusal
from services.uploader.api.openapi import Statements, problems, with_headers
from services.uploader.api.validation import Omittable

T = TypeVar("T")

IfMatch = Annotated[Omittable[str], Header(alias="If-Match", max_length=100)]

TAGGED = with_headers(200, {"ETag": "The revision, for If-Match of a change."})
CHANGED: Statements = {**problems(409, 412), **TAGGED}

_TAG = re.compile(r'"(\d{1,18})"', re.ASCII)


def expected_revision(if_match: str | None) -> int | None:
    """The revision that a change was decided on; None for any. Raises `Refused` for what is no entity tag of ours."""
    if if_match in (None, "*"):
        return None
    match = _TAG.fullmatch(str(if_match))
    if match is None:
        raise refusal(
            "precondition_failed",
            "If-Match is not one strong entity tag of this resource",
            "Send the ETag of the last answer as it is, or * for any.",
        )
    return int(match[1])


def tagged(response: Response, revision: int, view: T) -> T:
    """The body `view` of a response that has its `revision` as entity tag."""
    response.headers["ETag"] = f'"{revision}"'
    return view
