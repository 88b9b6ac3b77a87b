"""The OpenAPI document: FastAPI's, with the problems of each operation and the forms, which FastAPI does not read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from penstock import __version__
from services.uploader.api.openapi_details import add_details
from services.uploader.api.problems import MEDIA_TYPE, RETRY_AFTER_SECONDS, ProblemDocument, phrase_of

JSON = "application/json"
_REF = "#/components/schemas/{model}"
_TEXT = {"type": "string"}
_WAIT = {
    "headers": {
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "example": RETRY_AFTER_SECONDS}}
    }
}
_QUOTAS = {
    "RateLimit": {
        "description": "What is left of each quota (r), and the seconds until it is full again (t).",
        "schema": {**_TEXT, "example": '"calls";r=127, "lookups";r=0;t=10'},
    },
    "RateLimit-Policy": {
        "description": "The quotas: calls under way at once, or a number (q) in a time of so many seconds (w).",
        "schema": {**_TEXT, "example": '"calls";q=128;qu="concurrent-requests", "lookups";q=200;w=10'},
    },
}
_HEADERS: dict[int, Any] = {
    401: {"headers": {"WWW-Authenticate": {"schema": _TEXT}}},
    429: {"headers": {**_WAIT["headers"], **_QUOTAS}},
    503: _WAIT,
}

Statements = dict[int | str, dict[str, Any]]


def document(app: FastAPI, tags: Mapping[str, str], *forms: type) -> dict[str, Any]:
    """The document of what `app` serves; `tags` are those of the operations with what they are about, `forms` the types
    of the parts that are JSON."""
    described = get_openapi(
        title="Penstock",
        version=__version__,
        summary="Turns files of customer rows into encrypted customer profiles.",
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": text} for name, text in tags.items()],
    )
    kinds: Any = [(kind, "validation", TypeAdapter(kind)) for kind in (ProblemDocument, *forms)]
    _, more = TypeAdapter.json_schemas(kinds, ref_template=_REF)
    described["components"]["schemas"] |= more["$defs"]
    add_details(described["components"]["schemas"])
    return _without_defaults(described)


def _without_defaults(described: dict[str, Any]) -> dict[str, Any]:
    """Without FastAPI's own shape of faults, which it adds wherever there are parameters."""
    for operation in (operation for path in described["paths"].values() for operation in path.values()):
        if JSON in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        del described["components"]["schemas"][name]
    return described


def problem_statements(route: APIRoute, *, secured: bool) -> Statements:
    """The problems that any operation of this shape can answer with."""
    statuses = {500, 503}
    if secured:
        statuses |= {400, 401, 403, 429}
    if route.dependant.path_params:
        statuses |= {404}
    if route.body_field or route.openapi_extra:
        statuses |= {400, 408, 413, 415, 422}
    return problems(*sorted(statuses))


def problems(*statuses: int, waiting: Collection[int] = ()) -> Statements:
    """For `responses` of an operation that can also answer with these problems; some of those of the statuses `waiting`
    say when to try again."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=ProblemDocument.__name__)}}}
    headers = {**_HEADERS, **dict.fromkeys(waiting, _WAIT)}
    return {
        status: {"description": phrase_of(status), "content": content, **headers.get(status, {})} for status in statuses
    }


def with_headers(status: int, headers: Mapping[str, str]) -> Statements:
    """For `responses` of an operation that sets these headers; each comes with its description."""
    return {status: {"headers": {name: {"description": text, "schema": _TEXT} for name, text in headers.items()}}}


def events(media: str, name: str, data: type) -> Statements:
    """For `responses` of an operation that answers with events `name`, each a JSON document of this type."""
    document = {"type": "string", "contentMediaType": JSON, "contentSchema": {"$ref": _REF.format(model=data.__name__)}}
    properties = {"event": {"const": name}, "id": _TEXT, "data": document}
    event = {"type": "object", "properties": properties, "required": [*properties]}
    return {200: {"content": {media: {"schema": event}}}}


def form_body(request: type, *, required: bool, document: type | None = None, optional: bool = False) -> dict[str, Any]:
    """For `openapi_extra` of an operation that reads a form: `file`, and `request`, a JSON document of this type, which
    is `required` or not. Instead, it may read a JSON `document`. `optional`: there may be no body at all."""
    schema = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "request": {"$ref": _REF.format(model=request.__name__)},
        },
        "required": ["file", "request"] if required else ["file"],
        "additionalProperties": False,
    }
    content: dict[str, Any] = {
        "multipart/form-data": {"schema": schema, "encoding": {"request": {"contentType": JSON}}}
    }
    if document is not None:
        content[JSON] = {"schema": {"$ref": _REF.format(model=document.__name__)}}
    return {"requestBody": {"required": not optional, "content": content}}


def bytes_body(media: str, *, required: bool) -> dict[str, Any]:
    """For `openapi_extra` of an operation that reads bytes."""
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": required, "content": content}}
