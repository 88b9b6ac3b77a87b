"""What the API counts, for Prometheus. Labels are names of operations, never of tenants or files."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """One registry an application, so that several can live in one process; the health port shows it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "penstock_http_answers",
            "Answers, by operation and status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self.received = Counter("penstock_upload_bytes", "Bytes of files, as they arrived.", registry=self.registry)
