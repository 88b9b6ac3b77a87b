"""Where a group stands in a topic, asked of Kafka itself: what the group's own members believe does not count.

By a consumer that never joins. librdkafka's admin client (2.16) is of no use for what is asked again and again: when a
broker is started anew, it keeps asking with an old leader epoch, or ends the whole process by a failed assertion.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from confluent_kafka import Consumer as Driver
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as Place

from penstock.adapters.cluster.kafka_errors import Trouble
from penstock.adapters.cluster.kafka_settings import KafkaSettings


class Standing(NamedTuple):
    """Offsets of one partition: of the first event that is left, of the group's next one (None: it has committed
    nothing yet), and of the next event that will be sent."""

    first: int
    committed: int | None
    end: int

    @property
    def lag(self) -> int:
        """Events that are there and not committed."""
        return self.end - max(self.first, self.committed or 0)


class KafkaStanding:
    """`group` in `topic`, which has `partitions`."""

    def __init__(self, settings: KafkaSettings, *, group: str, topic: str, partitions: int) -> None:
        self._trouble = Trouble()
        self._group = settings.prefix + group
        properties: dict[str, Any] = {**settings.reader(), "group.id": self._group, "error_cb": self._trouble.note}
        self._driver = Driver(properties)
        self._patience_seconds = settings.request_timeout_seconds
        self._places = [Place(settings.prefix + topic, partition) for partition in range(partitions)]

    def __call__(self) -> dict[int, Standing]:
        """By partition. Raises `Unavailable`."""
        try:
            standing = dict(self._look(place) for place in self._places)
        except KafkaException as error:
            self._driver.poll(0)  # the cause may lie in what it was told aside
            raise self._trouble.unavailable(error.args[0], f"asking where {self._group} is") from error
        self._trouble.clear()
        return standing

    def _look(self, place: Place) -> tuple[int, Standing]:
        (committed,) = self._driver.committed([place], self._patience_seconds)
        if committed.error is not None:
            raise KafkaException(committed.error)
        first, end = self._driver.get_watermark_offsets(place, self._patience_seconds)
        return place.partition, Standing(first, committed.offset if committed.offset >= 0 else None, end)
