"""For load balancers and clients: is it alive, can it work.

What is wrong and what is counted stands at the health port, which is for operators
(`penstock/runner/health_server.py`).
"""

from __future__ import annotations

from fastapi import APIRouter
from typing_extensions import TypedDict

from penstock.domain.errors import refusal
from services.uploader.api.route import Operation
from services.uploader.api.services import Api

router = APIRouter(route_class=Operation)


class Health(TypedDict):
    status: str


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process answers. It needs no worker thread, which others may keep busy."""
    return Health(status="ok")


@router.get("/readyz")
def readyz(api: Api) -> Health:
    """Whether all that this service needs is there."""
    if api.problems():
        raise refusal("not_ready", "the service cannot work now", "Wait; an operator finds why at its health port.")
    return Health(status="ready")
