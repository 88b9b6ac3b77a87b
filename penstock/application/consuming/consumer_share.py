"""The tenants that a process looks after because of the partitions that a consumer has."""

from __future__ import annotations

from collections.abc import Callable

from penstock.domain.dispatching.owners import NOTHING, Share
from penstock.ports.event_log import EventLog, TopicPartition


class ConsumerShare:
    """`assigned` returns the partitions of `topic` that the consumer has now; before the first assignment, none."""

    def __init__(self, log: EventLog, topic: str, assigned: Callable[[], frozenset[TopicPartition]]) -> None:
        self._log, self._topic, self._assigned = log, topic, assigned

    def present(self) -> Share:
        """Raises `Unavailable`."""
        partitions = frozenset(each.partition for each in self._assigned() if each.topic == self._topic)
        return Share(partitions, self._log.partitions(self._topic)) if partitions else NOTHING
