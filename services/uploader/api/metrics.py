"""What the API counts, for Prometheus. Labels are names of operations, never of tenants or files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, generate_latest

from penstock.application.consumer_metrics import ConsumerMetrics, Counted

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """One registry an application, so that several can live in one process. `consumers`: what runs beside it."""

    def __init__(self, consumers: Callable[[], Iterable[Counted]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(ConsumerMetrics(consumers))
        self.answers = Counter(
            "penstock_http_answers",
            "Answers, by operation and status.",
            ["operation", "status"],
            registry=self._registry,
        )
        self.received = Counter("penstock_upload_bytes", "Bytes of files, as they arrived.", registry=self._registry)

    def text(self) -> bytes:
        return generate_latest(self._registry)
