"""Where a group stands in a topic, asked of Kafka itself: what the group's own members believe does not count."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec  # not exported by name, as mypy sees it

from penstock.adapters.cluster.kafka_errors import LEADER_MOVED, Trouble
from penstock.adapters.cluster.kafka_settings import KafkaSettings

ASK_SECONDS = 2.0


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
        properties: dict[str, Any] = {**settings.client(), "error_cb": self._trouble.note}
        self._admin = AdminClient(properties)
        self._group = settings.prefix + group
        self._places = [Place(settings.prefix + topic, partition) for partition in range(partitions)]

    def __call__(self) -> dict[int, Standing]:
        """By partition. Raises `Unavailable`."""
        try:
            first, end = self._edges("earliest"), self._edges("latest")
            question = ConsumerGroupTopicPartitions(self._group, self._places)
            (answer,) = self._admin.list_consumer_group_offsets([question]).values()
            committed = {place.partition: place.offset for place in answer.result().topic_partitions}
        except KafkaException as error:
            self._admin.poll(0)  # the cause may lie in what it was told aside
            if error.args[0].code() in LEADER_MOVED:
                self._ask_who_leads()
            raise self._trouble.unavailable(error.args[0], f"asking where {self._group} is") from error
        self._trouble.clear()
        return {
            number: Standing(first[number], committed[number] if committed[number] >= 0 else None, end[number])
            for number in end
        }

    def _ask_who_leads(self) -> None:
        """For the next time; the client does not ask by itself, also not when a broker was only started anew."""
        with suppress(KafkaException):
            self._admin.list_topics(self._places[0].topic, timeout=ASK_SECONDS)

    def _edges(self, edge: str) -> dict[int, int]:
        spec = getattr(OffsetSpec, edge)()
        answers = self._admin.list_offsets(dict.fromkeys(self._places, spec))
        return {place.partition: answer.result().offset for place, answer in answers.items()}
