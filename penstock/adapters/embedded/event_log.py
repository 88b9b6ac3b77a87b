"""The event log in one SQLite file, for any number of threads and processes on one machine."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import apsw

from penstock.adapters.embedded import event_groups
from penstock.adapters.embedded.event_groups import Holding, Owner
from penstock.adapters.embedded.living_processes import LivingProcess
from penstock.adapters.embedded.sqlite import Database, connect, errors
from penstock.domain.errors import Conflict, Fenced, NotFound, Unavailable
from penstock.ports.clock import Clock
from penstock.ports.event_log import Consumer, EventLog, Message, Producer, TopicPartition

SESSION_TIMEOUT_SECONDS = 10.0
BEATS_PER_SESSION = 5
MIN_PAUSE_SECONDS = 0.002  # between two checks for events of other processes; grows while there are none
MAX_PAUSE_SECONDS = 0.02
PAUSE_GROWTH = 1.25

_SCHEMA = """
CREATE TABLE partitions (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    first_offset INTEGER NOT NULL DEFAULT 0,  -- of the first event that has not expired
    next_offset INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE events (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    "key" BLOB NOT NULL,
    value BLOB NOT NULL,
    timestamp_us INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
) WITHOUT ROWID;
"""
_SELECT_EVENTS = """SELECT topic, partition, "offset", "key", value, timestamp_us FROM events
                    WHERE topic = ? AND partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?"""


class EmbeddedEventLog(EventLog):
    """Waits in real time, whatever `clock` is; a simulation polls with a timeout of 0."""

    def __init__(self, path: Path, clock: Clock, *, session_timeout: float = SESSION_TIMEOUT_SECONDS) -> None:
        """`session_timeout` is in seconds. Raises `Unavailable`, `Corrupt`."""
        self._path = path
        self._clock = clock
        self._session_timeout = session_timeout
        self._database = Database(path, _SCHEMA + event_groups.SCHEMA)
        self._process = LivingProcess(path.with_name(path.name + "-processes"))
        self._arrivals = _Arrivals()
        self._partitions: dict[str, int] = {}

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        with self._database.write() as connection:
            for topic, count in partitions.items():
                current = _count_partitions(connection, topic)
                if 0 < current < count:
                    raise Conflict(f"topic {topic} has {current} partitions, fewer than {count}")
                rows = [(topic, partition) for partition in range(current, count)]
                connection.executemany("INSERT INTO partitions (topic, partition) VALUES (?, ?)", rows)

    def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            with self._database.read() as connection:
                count = _count_partitions(connection, topic)
            if not count:
                raise NotFound(f"there is no topic {topic}: create it first")
            self._partitions[topic] = count
        return self._partitions[topic]

    def producer(self) -> Producer:
        return _EmbeddedProducer(self, self._database, self._clock, self._arrivals)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        for topic in topics:
            self.partitions(topic)
        return _EmbeddedConsumer(
            group,
            topics,
            path=self._path,
            database=self._database,
            process=self._process,
            clock=self._clock,
            arrivals=self._arrivals,
            session_timeout=self._session_timeout,
        )

    def lag(self, group: str, topic: str) -> int:
        self.partitions(topic)
        select = """SELECT sum(p.next_offset - max(p.first_offset, coalesce(c.next_offset, 0)))
                    FROM partitions p LEFT JOIN commits c
                    ON c.topic = p.topic AND c.partition = p.partition AND c.consumer_group = ?
                    WHERE p.topic = ?"""
        with self._database.read() as connection:
            lag: int = connection.execute(select, (group, topic)).get
        return lag

    def members(self, groups: Sequence[str]) -> Mapping[str, Sequence[frozenset[TopicPartition]]]:
        now_us, timeout_us = self._clock.now_us(), int(self._session_timeout * 1_000_000)
        with self._database.read() as connection:
            return {
                group: event_groups.members(connection, group, now_us, timeout_us, self._process.has_died)
                for group in groups
            }

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        self.partitions(topic)
        with self._database.read() as connection:
            return _select(connection, topic, partition, offset, limit)

    def trim(self, topic: str, before_us: int, *, unread: bool = False) -> int:
        """Delete events sent before `before_us` that every group has processed, or, with `unread`, all of them.

        Returns the number of deleted events. `lost` informs a group that had not read some of them.
        """
        with self._database.write() as connection:
            return sum(
                _trim_partition(connection, TopicPartition(topic, partition), before_us, unread=unread)
                for partition in range(_count_partitions(connection, topic))
            )

    def close(self) -> None:
        self._process.close()
        self._database.close()


class _Arrivals:
    """Notifies the consumers of this process of events that its producers flushed."""

    def __init__(self) -> None:
        self.count = 0
        self._condition = threading.Condition()

    def announce(self) -> None:
        with self._condition:
            self.count += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait up to `seconds` until `count` differs from `seen`."""
        with self._condition:
            self._condition.wait_for(lambda: self.count != seen, seconds)


class _EmbeddedProducer(Producer):
    def __init__(self, log: EmbeddedEventLog, database: Database, clock: Clock, arrivals: _Arrivals) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._arrivals = arrivals
        self._queue: list[tuple[str, int, bytes, bytes, int]] = []
        self._lock = threading.Lock()

    def send(self, topic: str, key: bytes, value: bytes, *, partition: int | None = None) -> None:
        count = self._log.partitions(topic)
        if partition is None:
            partition = crc32(key) % count
        if not 0 <= partition < count:
            raise NotFound(f"topic {topic} has {count} partitions, but no partition {partition}")
        with self._lock:
            self._queue.append((topic, partition, key, value, self._clock.now_us()))

    def flush(self, timeout: float | None = None) -> None:  # noqa: ARG002 - there is no server to wait for
        with self._lock:
            queue, self._queue = self._queue, []
            if not queue:
                return
            with self._database.write() as connection:
                _append(connection, queue)
        self._arrivals.announce()

    def close(self) -> None:
        with self._lock:
            self._queue = []


@dataclass
class _Held:
    """A partition that this member owns since `generation`."""

    generation: int
    position: int  # offset of the next event to deliver
    paused: bool = False


class _EmbeddedConsumer(Consumer):
    """Joins its group at the first poll, and rejoins when it was evicted.

    Its writes need not survive a power failure, which ends all members anyway; events are then delivered again.
    """

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        *,
        path: Path,
        database: Database,
        process: LivingProcess,
        clock: Clock,
        arrivals: _Arrivals,
        session_timeout: float,
    ) -> None:
        self._path = path
        self._reader = connect(path)
        self._group = group
        self._topics = topics
        self._database = database
        self._process = process
        self._clock = clock
        self._arrivals = arrivals
        self._session_timeout = session_timeout
        self._lock = threading.RLock()
        self._member: int | None = None
        self._next_beat = 0.0
        self._held: dict[TopicPartition, _Held] = {}
        self._lost: set[TopicPartition] = set()
        self._turn = 0
        self._idle_version: int | None = None  # of the log, when there was last nothing to deliver
        self._pause = MIN_PAUSE_SECONDS

    def poll(self, timeout: float, max_messages: int = 1) -> list[Message]:
        deadline = time.monotonic() + timeout
        with self._lock:
            while True:
                arrivals, version = self._arrivals.count, self._version()
                if version != self._idle_version or self._clock.monotonic() >= self._next_beat:
                    messages = self._poll_log(max_messages)
                    if messages:
                        self._idle_version, self._pause = None, MIN_PAUSE_SECONDS
                        return messages
                    self._idle_version = version
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return []
                self._arrivals.wait(arrivals, min(self._pause, remaining))
                self._pause = min(self._pause * PAUSE_GROWTH, MAX_PAUSE_SECONDS)

    def commit(self, message: Message) -> None:
        with self._lock:
            held = self._held.get(message.source)
            if held is None or self._member is None:
                raise self._fenced(message)
            owner = Owner(self._group, self._member, held.generation)
            with self._database.write(durable=False) as connection:
                done = event_groups.commit(connection, owner, message.source, message.offset + 1)
            if not done:
                raise self._fenced(message)

    def rewind(self, message: Message) -> None:
        with self._lock:
            if message.source in self._held:
                self._held[message.source].position = message.offset
                self._idle_version = None

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._set_paused(partitions, paused=True)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._set_paused(partitions, paused=False)

    def assignment(self) -> frozenset[TopicPartition]:
        with self._lock:
            return frozenset(self._held)

    def lost(self) -> frozenset[TopicPartition]:
        with self._lock:
            lost, self._lost = self._lost, set()
            return frozenset(lost)

    def close(self) -> None:
        with self._lock:
            member, self._member, self._held = self._member, None, {}
            self._reader.close()
            if member is None:
                return
            # If this fails, the member is evicted after its session timeout.
            with suppress(Unavailable), self._database.write(durable=False) as connection:
                event_groups.leave(connection, self._group, member)

    def _version(self) -> int:
        """Changes with every change of the log; costs a hundredth of a read."""
        with errors(self._path):
            version: int = self._reader.execute("PRAGMA data_version").get
        return version

    def _poll_log(self, max_messages: int) -> list[Message]:
        """The events available now, after the heartbeat and the assignment are up to date."""
        if self._member is None or self._clock.monotonic() >= self._next_beat:
            self._beat()
        with errors(self._path), self._reader:  # one snapshot, so that no event expires in between
            holdings = event_groups.holdings(self._reader, self._member or 0)
            if holdings is not None:
                return self._fetch(self._update(holdings), max_messages)
        self._beat()  # evicted: rejoin; the next poll gets the partitions
        return []

    def _beat(self) -> None:
        now_us = self._clock.now_us()
        with self._database.write(durable=False) as connection:
            alive = self._member is not None and event_groups.beat(connection, self._member, now_us)
            timeout_us = int(self._session_timeout * 1_000_000)
            event_groups.evict(connection, self._group, now_us, timeout_us, self._process.has_died)
            process = self._process.name
            joined = None if alive else event_groups.join(connection, self._group, self._topics, process, now_us)
        self._member = joined or self._member
        self._next_beat = self._clock.monotonic() + self._session_timeout / BEATS_PER_SESSION

    def _update(self, holdings: list[Holding]) -> list[TopicPartition]:
        """Update the held partitions; returns those with events to deliver."""
        before, self._held = self._held, {}
        ready = []
        for holding in holdings:
            source = TopicPartition(holding.topic, holding.partition)
            held = before.get(source)
            if held is None or held.generation != holding.generation:
                held = _Held(holding.generation, holding.committed)
            if held.position < holding.first_offset:
                held.position = holding.first_offset
                self._lost.add(source)
            self._held[source] = held
            if held.position < holding.next_offset and not held.paused:
                ready.append(source)
        return ready

    def _fetch(self, ready: list[TopicPartition], limit: int) -> list[Message]:
        """Up to `limit` events; each time another partition comes first, so that none starves."""
        messages: list[Message] = []
        self._turn += 1
        first = self._turn % len(ready) if ready else 0
        for source in ready[first:] + ready[:first]:
            held = self._held[source]
            events = _select(self._reader, *source, held.position, limit - len(messages))
            if events:
                held.position = events[-1].offset + 1
                messages += events
            if len(messages) >= limit:
                break
        return messages

    def _set_paused(self, partitions: Sequence[TopicPartition], *, paused: bool) -> None:
        with self._lock:
            for source in partitions:
                if source in self._held:
                    self._held[source].paused = paused
                    self._idle_version = None

    def _fenced(self, message: Message) -> Fenced:
        return Fenced(f"{message.topic}/{message.partition} is no longer a partition of this member of {self._group}")


def _count_partitions(connection: apsw.Connection, topic: str) -> int:
    count: int = connection.execute("SELECT count(*) FROM partitions WHERE topic = ?", (topic,)).get
    return count


def _select(connection: apsw.Connection, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
    return [Message(*row) for row in connection.execute(_SELECT_EVENTS, (topic, partition, offset, limit))]


def _append(connection: apsw.Connection, queue: list[tuple[str, int, bytes, bytes, int]]) -> None:
    offsets = {}
    advance = """UPDATE partitions SET next_offset = next_offset + ?
                 WHERE topic = ? AND partition = ? RETURNING next_offset"""
    for place, count in Counter((topic, partition) for topic, partition, *_ in queue).items():
        offsets[place] = connection.execute(advance, (count, *place)).get - count
    rows = []
    for topic, partition, key, value, timestamp_us in queue:
        rows.append((topic, partition, offsets[topic, partition], key, value, timestamp_us))
        offsets[topic, partition] += 1
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)


def _trim_partition(connection: apsw.Connection, source: TopicPartition, before_us: int, *, unread: bool) -> int:
    """Delete from the start of one partition, up to the first event that must be kept."""
    bounds = """SELECT min(p.next_offset,
                    coalesce((SELECT min("offset") FROM events
                              WHERE topic = p.topic AND partition = p.partition AND timestamp_us >= ?1), p.next_offset),
                    coalesce((SELECT min(next_offset) FROM commits
                              WHERE topic = p.topic AND partition = p.partition AND NOT ?2), p.next_offset))
                FROM partitions p WHERE p.topic = ?3 AND p.partition = ?4"""
    end = connection.execute(bounds, (before_us, unread, *source)).get
    connection.execute('DELETE FROM events WHERE topic = ? AND partition = ? AND "offset" < ?', (*source, end))
    deleted = connection.changes()
    advance = "UPDATE partitions SET first_offset = max(first_offset, ?) WHERE topic = ? AND partition = ?"
    connection.execute(advance, (end, *source))
    return deleted
