"""The event log: partitioned topics, consumer groups, at-least-once delivery; what Apache Kafka promises.

Promises, on which everything above relies:

- A topic has a fixed number of partitions. Within one partition events keep the order in which they were sent,
  and offsets grow. Between partitions there is no order.
- `Producer.flush` returns only when every event sent since the last flush is durable. If that cannot be said it raises
  `Unavailable`, and any of those events may or may not be in the log: the sender sends them all again.
- Each partition of a topic is assigned to one member of a group at a time. A member that does not poll within the
  session timeout loses its partitions. Members that come and go cause a rebalance: a partition's next owner
  starts at the committed offset, so an event that was handled but not committed is delivered again.
- `Consumer.commit` is refused with `Fenced` when the partition is no longer this member's (a zombie's commit).
- A group that has no committed offset starts at the earliest event. An offset that has expired is reported
  with `Consumer.lost`, never jumped over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Message(msgspec.Struct, frozen=True):
    """One event as it lies in the log. `value` is Avro in single-object encoding, but a foreign writer may lie."""

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
    """Where a group is in one partition, as offsets: of the first event that is left, of the group's next one (None: it
    has committed nothing yet), and of the next event that will be sent."""

    first: int
    committed: int | None
    end: int

    @property
    def events(self) -> int:
        """Events that are there and not committed. What a group committed may lie beyond the end of a log that was
        cut."""
        return max(0, self.end - max(self.first, self.committed or 0))


class Producer(Protocol):
    def send(self, topic: str, key: bytes, value: bytes, *, partition: int | None = None) -> None:
        """Queue one event; without `partition` it follows from the key. Raises `NotFound` for an unknown topic."""
        ...

    def flush(self, timeout: float | None = None) -> None:
        """Make all queued events durable. Raises `Unavailable`, after which nothing is queued any more.

        Waits up to `timeout` seconds for a server, without it as long as the adapter is set to.
        """
        ...

    def close(self) -> None:
        """Drop what is not flushed and release the connection."""
        ...


class Consumer(Protocol):
    def poll(self, timeout: float, max_messages: int = 1) -> list[Message]:
        """Up to `max_messages` events of this member's partitions that are not paused, in order within each partition.

        Waits up to `timeout` seconds for the first. Keeps the membership alive. Raises `Unavailable`.
        """
        ...

    def commit(self, message: Message) -> None:
        """Record that `message` and all before it in its partition are done. Raises `Fenced`, `Unavailable`."""
        ...

    def rewind(self, message: Message) -> None:
        """Deliver `message`, and what follows it in its partition, again at the next poll."""
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Deliver nothing from these until `resume`; polling goes on so that membership lasts."""
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None: ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that were this member's at its last poll."""
        ...

    def lost(self) -> frozenset[TopicPartition]:
        """Partitions in which events had expired before this group read them; reported once."""
        ...

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        ...


class EventLog(Protocol):
    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Create the topics that are missing. Raises `Conflict` when one exists with another partition count."""
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

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        """Up to `limit` events from `offset` on, outside any group: for people who look, at dead letters for one."""
        ...

    def close(self) -> None: ...
