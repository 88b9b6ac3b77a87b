"""Prometheus metrics of event consumers, with the same names in every service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.runner.runnable import Consumer


class ConsumerMetrics(Collector):
    """Calls `consumers` for each collection; no label names a tenant."""

    def __init__(self, consumers: Callable[[], Iterable[Consumer]]) -> None:
        self._consumers = consumers

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("penstock_events", "Processed events, including dead letters.", labels=["group"])
        letters = CounterMetricFamily("penstock_dead_letters", "Events that can never be handled.", labels=["group"])
        for consumer in self._consumers():
            events.add_metric([consumer.group], consumer.counts.events)
            letters.add_metric([consumer.group], consumer.counts.dead_letters)
        yield events
        yield letters
