"""What consumers of events have counted, for Prometheus; every service tells it under the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from penstock.application.consuming.processing import ConsumerCounts


class Counted(Protocol):
    """What settles events as a member of `group`."""

    @property
    def group(self) -> str: ...

    @property
    def counts(self) -> ConsumerCounts: ...


class ConsumerMetrics(Collector):
    """`consumers` is asked anew each time; none of the labels names a tenant."""

    def __init__(self, consumers: Callable[[], Iterable[Counted]]) -> None:
        self._consumers = consumers

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("penstock_events", "Events settled, dead letters among them.", labels=["group"])
        letters = CounterMetricFamily("penstock_dead_letters", "Events that never can be handled.", labels=["group"])
        for consumer in self._consumers():
            events.add_metric([consumer.group], consumer.counts.events)
            letters.add_metric([consumer.group], consumer.counts.dead_letters)
        yield events
        yield letters
