"""Prometheus metrics of a service's dependencies, with the same name in every service."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.application.health.dependencies import Dependencies


class DependencyMetrics(Collector):
    """Collects `penstock_dependency_up`."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "penstock_dependency_up", "1 while the dependency is available, otherwise 0.", labels=["dependency"]
        )
        for dependency, available in self._dependencies.states().items():
            up.add_metric([dependency], float(available))
        yield up
