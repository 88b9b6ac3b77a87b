"""The OpenAPI 3.1 document, derived from the operations, so that it says what is checked and answered."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from penstock import __version__
from services.uploader.api.operations import JSON, Operation
from services.uploader.api.problems import MEDIA_TYPE, RETRY_AFTER_SECONDS, ProblemDocument

_REF = "#/components/schemas/{name}"
_TEXT = {"type": "string"}


def openapi(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document, as JSON."""
    types: list[Any] = [ProblemDocument]
    for op in operations:
        types += [kind for kind in (op.answers, op.body, op.form and op.form.request) if kind]
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, Any] = {}
    for op in operations:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": __version__},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, pk_…"}},
        },
    }


def _operation(op: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "security": [] if op.permission is None else [{"key": []}],
        "parameters": [*_path_parameters(op), *_parameters(op.query, "query"), *_parameters(op.headers, "header")],
        "responses": {str(op.status): _answer(op)} | {str(status): _problem(status) for status in sorted(op.problems)},
    }
    content = _body(op)
    if content:
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(op: Operation) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in op.path_parameters]


def _parameters(kind: type | None, where: str) -> list[dict[str, Any]]:
    if kind is None:
        return []
    (schema,), components = msgspec.json.schema_components([kind], ref_template=_REF)
    described = components[kind.__name__] if "$ref" in schema else schema
    return [
        {
            "name": name,
            "in": where,
            "required": name in described.get("required", []),
            "schema": _inlined(field, components),
        }
        for name, field in described["properties"].items()
    ]


def _inlined(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema, without a reference to a component that only parameters have."""
    return components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _body(op: Operation) -> dict[str, Any] | None:
    if op.body is not None:
        return {JSON: {"schema": _schema(op.body)}}
    if op.form is None:
        return None
    required = ["file", "request"] if op.form.request_required else ["file"]
    schema = {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}, "request": _schema(op.form.request)},
        "required": required,
        "additionalProperties": False,
    }
    return {"multipart/form-data": {"schema": schema, "encoding": {"request": {"contentType": JSON}}}}


def _answer(op: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(op.status).phrase}
    if op.answers is not None:
        answer["content"] = {op.media: {"schema": _schema(op.answers)}}
    elif op.status != HTTPStatus.NO_CONTENT:
        answer["content"] = {op.media: {"schema": {}}}
    if op.reply_headers:
        answer["headers"] = {name: {"description": text, "schema": _TEXT} for name, text in op.reply_headers.items()}
    return answer


def _problem(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": _schema(ProblemDocument)}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        answer["headers"] = {"WWW-Authenticate": {"schema": _TEXT}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        wait = {"type": "integer", "example": RETRY_AFTER_SECONDS}
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": wait}}
    return answer


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema
