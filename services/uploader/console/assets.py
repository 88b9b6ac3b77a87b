"""Style sheets and scripts of the console. Their addresses name their content, so browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from penstock.domain.errors import NotFound

PREFIX = "/static"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "tsv": "text/tab-separated-values; charset=utf-8",
}
_FOLDER = files("services.uploader.console") / "static"


@cache
def names() -> frozenset[str]:
    """All files; those of other projects are in `vendor`, whose `vendored.json` tells where each is from."""
    own = (each.name for each in _FOLDER.iterdir())
    others = (f"vendor/{each.name}" for each in (_FOLDER / "vendor").iterdir())
    return frozenset(name for name in (*own, *others) if name.rpartition(".")[2] in _TYPES)


@cache
def _content(name: str) -> tuple[bytes, str]:
    """A file and a short hash of it. Raises KeyError for a name that is not there."""
    if name not in names():
        raise KeyError(name)
    content = (_FOLDER / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]


def address_of(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"{PREFIX}/{_content(name)[1]}/{name}"


async def asset(request: Request) -> Response:
    """One of the files; whatever hash an older page asks for, it gets the present file, which it may not keep."""
    name, requested = request.path_params["name"], request.path_params["hash"]
    try:
        content, is_now = _content(name)
    except KeyError:
        raise NotFound("there is no such file") from None
    keep = "public, max-age=31536000, immutable" if requested == is_now else "no-store"
    headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
