"""Where a group stands in a topic, asked of Kafka itself: what the group's own members believe does not count."""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import TopicPartition as Place

from penstock.adapters.cluster.kafka_onlooker import Onlooker
from penstock.adapters.cluster.kafka_settings import KafkaSettings


class Standing(NamedTuple):
    """Offsets of one partition: of the first event that is left, of the group's next one (None: it has committed
    nothing yet), and of the next event that will be sent."""

    first: int
    committed: int | None
    end: int

    @property
    def lag(self) -> int:
        """Events that are there and not committed. What a group committed may lie beyond the end of a log that was
        cut."""
        return max(0, self.end - max(self.first, self.committed or 0))


class KafkaStanding:
    """`group` in `topic`, which has `partitions`."""

    def __init__(self, settings: KafkaSettings, *, group: str, topic: str, partitions: int) -> None:
        self._onlooker = Onlooker(settings, settings.prefix + group)
        self._places = [Place(settings.prefix + topic, partition) for partition in range(partitions)]

    def __call__(self) -> dict[int, Standing]:
        """By partition. Raises `Unavailable`."""
        committed = self._onlooker.committed(self._places)
        standing = {}
        for place in self._places:
            first, end = self._onlooker.edges(place)
            standing[place.partition] = Standing(first, committed[place.partition], end)
        return standing

    def close(self) -> None:
        self._onlooker.close()
