"""What the API counts, for Prometheus. Labels are names of operations, never of tenants or files."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """One registry an application, so that several can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.answers = Counter(
            "penstock_http_answers",
            "Answers, by operation and status.",
            ["operation", "status"],
            registry=self._registry,
        )
        self.received = Counter("penstock_upload_bytes", "Bytes of files, as they arrived.", registry=self._registry)

    def text(self) -> bytes:
        return generate_latest(self._registry)
