"""Formats and examples of the OpenAPI document, by the names of fields, which mean the same wherever they occur."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_REQUEST_ID = "01a211b8-a0ac-788f-9c65-680c71375095"
TIME = "date-time"
TIMES = {"at", "until", "current_since", "since"}  # and every field that ends in _at
FORMATS = {
    "address": "email",
    "corrected_by": "uuid",
    "instance": "uri",
    "parent_id": "uuid",
    "request_id": "uuid",
    "type": "uri-reference",
}
ANY_TEXT = {("AuditEntryView", "request_id")}  # as a caller wrote it, even if there is no such request
BYTES = {"bytes", "length", "offset", "part_bytes"}
EXAMPLES: dict[str, Any] = {
    "accept_suggestions": 0.9,
    "action": "upload",
    "address": "ann@example.com",
    "attribute": "crmid",
    "bytes": 104_857,
    "code": "missing_identifier",
    "column": "customer_no",
    "confidence": 0.97,
    "dead_letter_id": "0/17",
    "created_by": "ann",
    "data_source": "crm",
    "detail": "the file has no column for an identifier",
    "display_name": "Customers of the web shop",
    "encoding": "cp1252",
    "eta_seconds": 12,
    "file_name": "customers.csv",
    "filters": "status=failed&since=7",
    "format": "date(dd/MM/yyyy)",
    "hint": "Wait a few seconds, then send the same again.",
    "instance": "urn:uuid:5c1f6f0e-5d0b-4d9b-8f5e-2f1c6a7d9e10",
    "length": 104_857_600,
    "max_rejects": "5%",
    "name": "crm",
    "namespace": "crmid",
    "offset": 8_388_608,
    "parent_id": _REQUEST_ID,
    "part_bytes": 8_388_608,
    "pointer": "/mapping/0/format",
    "position": 3,
    "request_id": _REQUEST_ID,
    "rows_accepted": 4_993,
    "rows_ingested": 4_993,
    "rows_read": 5_000,
    "rows_per_second": 41_200,
    "rows_rejected": 7,
    "saved_by": "ann",
    "segment": "newsletter",
    "tenant_id": "default",
    "type": "/problems/rate_limited",
    "uploaded_by": "ann",
    "version": 3,
    "who": "ann",
}


def add_details(schemas: dict[str, Schema]) -> None:
    """Add what is not there yet to the fields of every schema."""
    for title, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            _add(name, field, None if (title, name) in ANY_TEXT else _format_of(name))


def _format_of(name: str) -> str | None:
    return TIME if name.endswith("_at") or name in TIMES else FORMATS.get(name)


def _add(name: str, field: Schema, form: str | None) -> None:
    for part in _parts(field):
        if part.get("type") == "string" and form is not None:
            part.setdefault("format", form)
        elif part.get("type") == "integer" and (name in BYTES or name.startswith("rows_")):
            part.setdefault("format", "int64")
    if name in BYTES:
        field.setdefault("description", "In bytes.")
    example = "2026-11-25T08:00:42.156535Z" if form == TIME else EXAMPLES.get(name)
    if example is not None and "array" not in _types(field):
        field.setdefault("examples", [example])


def _parts(field: Schema) -> Iterator[Schema]:
    """The field, or each of its alternatives."""
    yield from field.get("anyOf", [field])


def _types(field: Schema) -> set[str]:
    return {str(part.get("type")) for part in _parts(field)}
