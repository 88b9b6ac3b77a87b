"""For load balancers and clients: is it alive, can it work.

What is wrong and what is counted stands at the health port, which is for operators
(`penstock/runner/health_server.py`).
"""

from __future__ import annotations

from penstock.domain.errors import refusal
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import Health


@operation("GET", "/healthz", permission=None, answers=Health)
async def healthz(_: Call) -> Health:
    """Whether this process answers. It needs no worker thread, which others may keep busy."""
    return Health(status="ok")


@operation("GET", "/readyz", permission=None, answers=Health)
def readyz(call: Call) -> Health:
    """Whether all that this service needs is there."""
    if call.services.problems():
        raise refusal("not_ready", "the service cannot work now", "Wait; an operator finds why at its health port.")
    return Health(status="ready")
