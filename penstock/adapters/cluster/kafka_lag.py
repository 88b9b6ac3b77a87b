"""A group's lag in a topic as Kafka reports it, independent of the group's members."""

from __future__ import annotations

from confluent_kafka import TopicPartition as Place

from penstock.adapters.cluster.kafka_inspector import KafkaInspector
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.ports.event_log import PartitionLag


class KafkaLag:
    """Reads the lag of `group` in `topic`, which has `partitions`."""

    def __init__(self, settings: KafkaSettings, *, group: str, topic: str, partitions: int) -> None:
        self._inspector = KafkaInspector(settings, settings.prefix + group)
        self._places = [Place(settings.prefix + topic, partition) for partition in range(partitions)]

    def __call__(self) -> dict[int, PartitionLag]:
        """The lag by partition. Raises `Unavailable`."""
        committed = self._inspector.committed(self._places)
        lags = {}
        for place in self._places:
            first, end = self._inspector.watermarks(place)
            lags[place.partition] = PartitionLag(first, committed[place.partition], end)
        return lags

    def close(self) -> None:
        self._inspector.close()
