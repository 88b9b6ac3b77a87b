"""Plans: what the plans of many requests have in common is stored once, under the hash of its content."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from penstock.domain.errors import Corrupt
from penstock.domain.mapping.mapping import Plan, PlanContent
from penstock.domain.requests.request import Request
from penstock.ports.control_store import ControlStore, Put, Table


def put_of(plan: Plan) -> Put:
    """The record of the plan's content; its partition is the hash."""
    content = PlanContent(**{name: getattr(plan, name) for name in PlanContent.__struct_fields__})
    body = msgspec.json.encode(content)
    return Put(Table.PLANS, _hash(body), "", body)


def plan_of(store: ControlStore, request: Request) -> Plan:
    """The plan of a request. Raises `Corrupt` when its content is missing or was changed."""
    record = store.get(Table.PLANS, request.tenant_id, request.plan_hash)
    if record is None or _hash(record.body) != request.plan_hash:
        raise Corrupt(f"the plan of request {request.request_id} is missing or was changed")
    content = msgspec.json.decode(record.body, type=PlanContent)
    return Plan(
        **msgspec.structs.asdict(content),
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        mode=request.mode,
        segment=request.segment,
        as_of_us=None if request.as_of is None else min(request.as_of, request.accepted_at),
        parent_id=request.parent_id,
        chunk_bytes=request.chunk_bytes,
        epoch=request.epoch,
        bits=request.bits,
        accepted_at_us=request.accepted_at,
    )


def _hash(body: bytes) -> str:
    return sha256(body).hexdigest()
