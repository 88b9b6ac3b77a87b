"""The Prometheus metric of records that something else has changed, with the same name in every service."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.application.encryption import corrupt_records


class RecordMetrics(Collector):
    """Collects `penstock_corrupt_records_total`."""

    def collect(self) -> Iterator[Metric]:
        corrupt = CounterMetricFamily(
            "penstock_corrupt_records", "Reads of records that something else has changed.", labels=["table"]
        )
        for table, count in sorted(corrupt_records.counts.items()):
            corrupt.add_metric([table], count)
        yield corrupt
