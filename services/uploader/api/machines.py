"""For machines: is it alive, can it work, what does it count, what is the API."""

from __future__ import annotations

from penstock.domain.errors import Fault, Refused
from services.uploader.api.metrics import CONTENT_TYPE
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import Health


@operation("GET", "/healthz", role=None, answers=Health)
def healthz(_: Call) -> Health:
    """Whether this process answers."""
    return Health(status="ok")


@operation("GET", "/readyz", role=None, answers=Health)
def readyz(call: Call) -> Health:
    """Whether all that this service needs is there."""
    problems = call.services.problems()
    if problems:
        mend = "Wait; when it lasts, see the logs of the services."
        raise Refused([Fault(code="not_ready", message=text, mend=mend) for text in problems], code="not_ready")
    return Health(status="ready")


@operation("GET", "/metrics", role=None, media=CONTENT_TYPE)
def metrics(call: Call) -> bytes:
    """Counters in Prometheus' text format."""
    return call.services.metrics.text()
