"""An event log that does all that an event log may do to those who rely on it: repeat, shuffle, delay."""

from __future__ import annotations

from random import Random
from typing import Any

from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.ports.event_log import Producer


class ShakyLog:
    """`log`, but every event arrives once to three times, in any order, in any partition. `calm` ends that."""

    def __init__(self, log: EmbeddedEventLog, random: Random) -> None:
        self._log, self._random = log, random
        self.calm = False

    def producer(self) -> Producer:
        return ShakyProducer(self, self._log.producer(), self._random)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class ShakyProducer:
    def __init__(self, shaky: ShakyLog, producer: Producer, random: Random) -> None:
        self._shaky, self._producer, self._random = shaky, producer, random
        self._queue: list[tuple[str, bytes, bytes]] = []

    def send(self, topic: str, key: bytes, value: bytes, *, partition: int | None = None) -> None:
        if self._shaky.calm:
            self._producer.send(topic, key, value, partition=partition)
        else:
            self._queue += [(topic, key, value)] * self._random.choice([1, 1, 1, 2, 3])

    def flush(self, timeout: float | None = None) -> None:
        self._random.shuffle(self._queue)
        for topic, key, value in self._queue:
            self._producer.send(topic, key, value, partition=self._random.randrange(self._shaky.partitions(topic)))
        self._queue.clear()
        self._producer.flush()

    def close(self) -> None:
        self._queue.clear()
        self._producer.close()
