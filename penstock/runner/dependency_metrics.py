"""What a service needs and whether that is available, for Prometheus; every service shows it under the same name."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.application.health.dependencies import Dependencies


class DependencyMetrics(Collector):
    """`penstock_dependency_up`, for Prometheus."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "penstock_dependency_up", "1 while what the service needs is available, else 0.", labels=["dependency"]
        )
        for dependency, available in self._dependencies.states().items():
            up.add_metric([dependency], float(available))
        yield up
