"""The Python client of a running Penstock: docs/python-client.md.

    with Client("https://penstock.example.com", "pk_…") as client:
        request = client.upload("customers.tsv", UploadOrder(data_source="crm"))
        ended = client.wait(request["request_id"])

Answers are dictionaries with the fields of the HTTP API, typed in `penstock.documents`. Errors are those of
`penstock.client.errors`. Names are loaded when they are first used, since the command line imports parts of this.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.application.catalog.column_specs import ColumnSpec
    from penstock.client.client import Client
    from penstock.client.errors import Misconfigured, ServerUnavailable
    from penstock.client.upload_order import UploadOrder
    from penstock.domain.catalog.attribute_changes import AttributeChange
    from penstock.domain.catalog.data_source import SourceChange
    from penstock.domain.errors import Fault, NotFound, PenstockError, Refused, Unavailable
    from penstock.domain.requests.request_filter import RequestFilter

_MODULES = {
    "AttributeChange": "penstock.domain.catalog.attribute_changes",
    "Client": "penstock.client.client",
    "ColumnSpec": "penstock.application.catalog.column_specs",
    "Fault": "penstock.domain.errors",
    "Misconfigured": "penstock.client.errors",
    "NotFound": "penstock.domain.errors",
    "PenstockError": "penstock.domain.errors",
    "Refused": "penstock.domain.errors",
    "RequestFilter": "penstock.domain.requests.request_filter",
    "ServerUnavailable": "penstock.client.errors",
    "SourceChange": "penstock.domain.catalog.data_source",
    "Unavailable": "penstock.domain.errors",
    "UploadOrder": "penstock.client.upload_order",
}

__all__ = [
    "AttributeChange",
    "Client",
    "ColumnSpec",
    "Fault",
    "Misconfigured",
    "NotFound",
    "PenstockError",
    "Refused",
    "RequestFilter",
    "ServerUnavailable",
    "SourceChange",
    "Unavailable",
    "UploadOrder",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
