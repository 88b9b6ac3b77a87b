"""The event log: partitioned topics, consumer groups, at-least-once delivery, as in Apache Kafka.

Promises:

- A topic has a fixed number of partitions. Within one partition events keep the order in which they were sent,
  and offsets grow. Between partitions there is no order.
- `Producer.flush` returns only when every event sent since the last flush is durable. Otherwise it raises
  `Unavailable`; then each of these events may or may not be in the log, and the sender sends all of them again.
- Each partition of a topic is assigned to one member of a group at a time. A member that does not poll within the
  session timeout loses its partitions. Members that join or leave cause a rebalance: a partition's next owner
  starts at the committed offset, so an event that was handled but not committed is delivered again.
- `Consumer.commit` raises `Fenced` when the partition no longer belongs to this member (a zombie's commit).
- A group without a committed offset starts at the earliest event. An expired offset is reported by `Consumer.lost`,
  never skipped silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Message(msgspec.Struct, frozen=True):
    """One event in the log. `value` should be Avro in single-object encoding, but other writers may send anything."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp_us: int

    @property
    def source(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


class PartitionLag(NamedTuple):
    """A group's position in one partition, as offsets: of the first event in the log, of the group's next event (None:
    nothing is committed yet), and of the next event to be sent."""

    first: int
    committed: int | None
    end: int

    @property
    def events(self) -> int:
        """The number of uncommitted events. In a truncated log, the committed offset may be beyond the end."""
        return max(0, self.end - max(self.first, self.committed or 0))


class Producer(Protocol):
    def send(self, topic: str, key: bytes, value: bytes, *, partition: int | None = None) -> None:
        """Queue one event; by default the key determines the partition. Raises `NotFound` for an unknown topic."""
        ...

    def flush(self, timeout: float | None = None) -> None:
        """Make all queued events durable. Raises `Unavailable`; the queue is empty afterwards in any case.

        Waits up to `timeout` seconds for a server; the default is the adapter's setting.
        """
        ...

    def close(self) -> None:
        """Drop unflushed events and release the connection."""
        ...


class Consumer(Protocol):
    def poll(self, timeout: float, max_messages: int = 1) -> list[Message]:
        """Up to `max_messages` events of this member's partitions that are not paused, in order within each partition.

        Waits up to `timeout` seconds for the first. Keeps the membership alive. Raises `Unavailable`.
        """
        ...

    def commit(self, message: Message) -> None:
        """Record that `message` and all before it in its partition are processed. Raises `Fenced`, `Unavailable`."""
        ...

    def rewind(self, message: Message) -> None:
        """Deliver `message` and all later events of its partition again, from the next poll on."""
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Deliver nothing from these until `resume`; continue to poll, which keeps the membership."""
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None: ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions of this member at its last poll."""
        ...

    def lost(self) -> frozenset[TopicPartition]:
        """Partitions with events that expired before this group read them; each is reported once."""
        ...

    def close(self) -> None:
        """Leave the group, so that other members take over immediately."""
        ...


class EventLog(Protocol):
    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Create the missing topics. Raises `Conflict` when one exists with fewer partitions; more are
        accepted."""
        ...

    def partitions(self, topic: str) -> int:
        """How many partitions `topic` has. Raises `NotFound`."""
        ...

    def producer(self) -> Producer: ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """A new member of `group`."""
        ...

    def lag(self, group: str, topic: str) -> int:
        """Events of `topic` that `group` has not committed yet."""
        ...

    def members(self, groups: Sequence[str]) -> Mapping[str, Sequence[frozenset[TopicPartition]]]:
        """The partitions of each member of each of `groups`, up to two seconds old; nothing for a group that never had
        members. One that has died counts until its session has timed out. Raises `Unavailable`."""
        ...

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        """Up to `limit` events from `offset` on, outside any group; for inspection, for example of dead letters."""
        ...

    def close(self) -> None: ...
