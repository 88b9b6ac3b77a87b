"""A consumer of two topics, the events of one of which come first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from penstock.ports.event_log import Consumer, Message, TopicPartition

MAX_IN_A_ROW = 8  # of the first, before the second has a turn
LOOK_SECONDS = 0.02  # between two looks at the second while neither has events


class PrioritisedConsumer(Consumer):
    """`first` reads the topic `first_topic`, `second` another one, as members of different groups."""

    def __init__(self, first: Consumer, second: Consumer, *, first_topic: str) -> None:
        self._first, self._second, self._first_topic = first, second, first_topic
        self._in_a_row = 0

    def poll(self, timeout: float, max_messages: int = 1) -> list[Message]:
        until = time.monotonic() + timeout
        while True:
            for consumer in self._in_order():
                if messages := consumer.poll(0, max_messages):
                    return self._passed_on(consumer, messages)
            self._in_a_row = 0
            left = until - time.monotonic()
            if left <= 0:
                return []
            if messages := self._first.poll(min(left, LOOK_SECONDS), max_messages):
                return self._passed_on(self._first, messages)

    def commit(self, message: Message) -> None:
        self._of(message.topic).commit(message)

    def rewind(self, message: Message) -> None:
        self._of(message.topic).rewind(message)

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        for consumer, own in self._divided(partitions):
            consumer.pause(own)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        for consumer, own in self._divided(partitions):
            consumer.resume(own)

    def assignment(self) -> frozenset[TopicPartition]:
        return self._first.assignment() | self._second.assignment()

    def lost(self) -> frozenset[TopicPartition]:
        return self._first.lost() | self._second.lost()

    def close(self) -> None:
        self._first.close()
        self._second.close()

    def _in_order(self) -> tuple[Consumer, Consumer]:
        is_first = self._in_a_row < MAX_IN_A_ROW
        return (self._first, self._second) if is_first else (self._second, self._first)

    def _passed_on(self, consumer: Consumer, messages: list[Message]) -> list[Message]:
        self._in_a_row = self._in_a_row + 1 if consumer is self._first else 0
        return messages

    def _of(self, topic: str) -> Consumer:
        return self._first if topic == self._first_topic else self._second

    def _divided(self, partitions: Sequence[TopicPartition]) -> list[tuple[Consumer, list[TopicPartition]]]:
        return [
            (consumer, [each for each in partitions if self._of(each.topic) is consumer])
            for consumer in (self._first, self._second)
        ]
