"""The Prometheus metrics of a dispatcher: how much waits for workers, and how many of them it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.domain.dispatching.backlog import DRAIN_SECONDS
from penstock.runner.runnable import Dispatching


class BacklogMetrics(Collector):
    """Calls `parts` for each collection. Each dispatcher counts the requests of its own tenants, so that the sums over
    all dispatchers are those of the system."""

    def __init__(self, parts: Callable[[], Iterable[Dispatching]]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        chunks = GaugeMetricFamily("penstock_backlog_chunks", "Chunks that are not done.")
        seconds = GaugeMetricFamily("penstock_backlog_seconds", "Seconds in which one worker would do them all.")
        workers = GaugeMetricFamily("penstock_desired_workers", f"Workers that would do them in {DRAIN_SECONDS:.0f} s.")
        for part in self._parts():
            backlog = part.backlog()
            chunks.add_metric([], backlog.chunks)
            seconds.add_metric([], backlog.seconds)
            workers.add_metric([], backlog.desired_workers)
        yield from (chunks, seconds, workers)
