"""What consumers of events have counted, for Prometheus, under the same names in every service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.runner.runnable import Consumer


class ConsumerMetrics(Collector):
    """`consumers` is called for each collection; no label names a tenant."""

    def __init__(self, consumers: Callable[[], Iterable[Consumer]]) -> None:
        self._consumers = consumers

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("penstock_events", "Events settled, dead letters among them.", labels=["group"])
        letters = CounterMetricFamily("penstock_dead_letters", "Events that never can be handled.", labels=["group"])
        for consumer in self._consumers():
            events.add_metric([consumer.group], consumer.counts.events)
            letters.add_metric([consumer.group], consumer.counts.dead_letters)
        yield events
        yield letters
