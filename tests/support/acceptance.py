"""Upload requests that are accepted without a file: what the uploader asks for, and a plan that maps nothing."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.application.requests.requests import NewRequest, Requests
from penstock.domain.mapping.mapping import Mapping, Plan
from penstock.domain.requests.recipients import parse_recipients
from penstock.domain.requests.request import Request

TENANT = "acme"


def new_request(*notify: str) -> NewRequest:
    return NewRequest(
        tenant_id=TENANT,
        data_source="crm",
        file_name="people.tsv",
        uploaded_by="ann",
        object_key="acme/files/1",
        object_version="v1",
        object_size=99,
        chunks_total=1,
        notify=parse_recipients(notify),
    )


def accept(
    requests: Requests, *notify: str, tenant_id: str = TENANT, max_rejects: str | None = None, chunks: int = 1
) -> Request:
    return requests.accept(
        replace(new_request(*notify), tenant_id=tenant_id, max_rejects=max_rejects, chunks_total=chunks),
        idempotency_key=None,
        fingerprint="f",
        plan_for=lambda *accepted: replace(plan_for(*accepted), tenant_id=tenant_id),
    )[0]


def plan_for(request_id: str, accepted_at_us: int) -> Plan:
    return Plan(
        tenant_id=TENANT,
        request_id=request_id,
        data_source="crm",
        mapping=Mapping(data_source="crm", version=1, columns=()),
        attributes=(),
        accepted_at_us=accepted_at_us,
    )
