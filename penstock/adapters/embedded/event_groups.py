"""Consumer groups of the embedded event log: members and the assignment of partitions.

Every function runs in the caller's transaction, so that a commit and the loss of a partition never overlap. A
reassigned partition gets its group's next generation; a commit with an older generation is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import apsw
import msgspec

from penstock.ports.event_log import TopicPartition

SCHEMA = """
CREATE TABLE members (
    member INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never reused
    consumer_group TEXT NOT NULL,
    topics TEXT NOT NULL,  -- a JSON array
    process TEXT NOT NULL,  -- the name of its LivingProcess
    beat_us INTEGER NOT NULL  -- its last heartbeat
);
CREATE TABLE generations (
    consumer_group TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE owners (
    consumer_group TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    member INTEGER NOT NULL,
    generation INTEGER NOT NULL,  -- since which this member owns it
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
CREATE TABLE commits (
    consumer_group TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,  -- of the first unprocessed event
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
"""

# No row: the member was evicted. One row of NULLs: a member without partitions.
_HOLDINGS = """
SELECT o.topic, o.partition, o.generation, c.next_offset, p.first_offset, p.next_offset
FROM members m
LEFT JOIN owners o ON o.consumer_group = m.consumer_group AND o.member = m.member
LEFT JOIN partitions p ON p.topic = o.topic AND p.partition = o.partition
LEFT JOIN commits c ON c.consumer_group = o.consumer_group AND c.topic = o.topic AND c.partition = o.partition
WHERE m.member = ?
"""


class Holding(NamedTuple):
    """A partition of a member and its offsets in the log."""

    topic: str
    partition: int
    generation: int
    committed: int
    first_offset: int
    next_offset: int


class Owner(NamedTuple):
    """A member that claims a partition, and its generation."""

    group: str
    member: int
    generation: int


def assign(members: Sequence[int], partitions: int) -> list[int]:
    """The owner of each partition, round robin: shares differ by one at most."""
    return [members[partition % len(members)] for partition in range(partitions)]


def join(connection: apsw.Connection, group: str, topics: Iterable[str], process: str, now_us: int) -> int:
    """Add a member to `group`; returns its number."""
    body = msgspec.json.encode(sorted(topics)).decode()
    insert = "INSERT INTO members (consumer_group, topics, process, beat_us) VALUES (?, ?, ?, ?) RETURNING member"
    member: int = connection.execute(insert, (group, body, process, now_us)).get
    _rebalance(connection, group)
    return member


def leave(connection: apsw.Connection, group: str, member: int) -> None:
    connection.execute("DELETE FROM members WHERE member = ?", (member,))
    _rebalance(connection, group)


def beat(connection: apsw.Connection, member: int, now_us: int) -> bool:
    """Record a heartbeat of `member`; False when it was evicted."""
    connection.execute("UPDATE members SET beat_us = ? WHERE member = ?", (now_us, member))
    return connection.changes() == 1


def evict(
    connection: apsw.Connection, group: str, now_us: int, timeout_us: int, has_died: Callable[[str], bool]
) -> None:
    """Remove members whose process has died, and those without a heartbeat for longer than `timeout_us`.

    A heartbeat too far in the future (the clock was set back) also counts as missing; a live member rejoins.
    """
    select = "SELECT member, process, abs(? - beat_us) > ? FROM members WHERE consumer_group = ?"
    members = connection.execute(select, (now_us, timeout_us, group)).fetchall()
    dead = {process for process in {str(process) for _, process, _ in members} if has_died(process)}
    evicted = [(member,) for member, process, is_silent in members if is_silent or process in dead]
    if evicted:
        connection.executemany("DELETE FROM members WHERE member = ?", evicted)
        _rebalance(connection, group)


def members(
    connection: apsw.Connection, group: str, now_us: int, timeout_us: int, has_died: Callable[[str], bool]
) -> list[frozenset[TopicPartition]]:
    """The partitions of each member of `group` that `evict` would keep."""
    select = "SELECT member, process FROM members WHERE consumer_group = ? AND abs(? - beat_us) <= ? ORDER BY member"
    found = connection.execute(select, (group, now_us, timeout_us)).fetchall()
    alive = {process for process in {str(process) for _, process in found} if not has_died(process)}
    owners = "SELECT topic, partition FROM owners WHERE consumer_group = ? AND member = ?"
    return [
        frozenset(TopicPartition(*place) for place in connection.execute(owners, (group, member)))
        for member, process in found
        if process in alive
    ]


def holdings(connection: apsw.Connection, member: int) -> list[Holding] | None:
    """The partitions of `member`, sorted; None when it was evicted."""
    rows = connection.execute(_HOLDINGS, (member,)).fetchall()
    if not rows:
        return None
    return sorted(Holding._make(row) for row in rows if row[0] is not None)


def commit(connection: apsw.Connection, owner: Owner, source: TopicPartition, next_offset: int) -> bool:
    """Advance the committed offset to `next_offset`; False when `owner` does not own `source` (any longer)."""
    place = (owner.group, *source)
    select = "SELECT member, generation FROM owners WHERE consumer_group = ? AND topic = ? AND partition = ?"
    if connection.execute(select, place).fetchone() != (owner.member, owner.generation):
        return False
    update = """UPDATE commits SET next_offset = max(next_offset, ?)
                WHERE consumer_group = ? AND topic = ? AND partition = ?"""
    connection.execute(update, (next_offset, *place))
    return True


def _rebalance(connection: apsw.Connection, group: str) -> None:
    """Assign the partitions; those that keep their owner keep their generation."""
    bump = """INSERT INTO generations VALUES (?, 1)
              ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING generation"""
    generation = connection.execute(bump, (group,)).get
    new_owners = _new_owners(connection, group)
    select = "SELECT topic, partition, member FROM owners WHERE consumer_group = ?"
    old_owners = {(topic, partition): member for topic, partition, member in connection.execute(select, (group,))}
    connection.executemany(
        "DELETE FROM owners WHERE consumer_group = ? AND topic = ? AND partition = ?",
        [(group, *place) for place in old_owners.keys() - new_owners.keys()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?, ?)",
        [
            (group, *place, member, generation)
            for place, member in new_owners.items()
            if old_owners.get(place) != member
        ],
    )
    # A group has a committed offset from its first owner on, so that the expiry of unread events is detected.
    start = """INSERT OR IGNORE INTO commits
               SELECT o.consumer_group, o.topic, o.partition, p.first_offset
               FROM owners o JOIN partitions p USING (topic, partition) WHERE o.consumer_group = ?"""
    connection.execute(start, (group,))


def _new_owners(connection: apsw.Connection, group: str) -> dict[tuple[str, int], int]:
    subscriptions: dict[str, list[int]] = {}
    select = """SELECT t.value, m.member FROM members m, json_each(m.topics) t
                WHERE m.consumer_group = ? ORDER BY m.member"""
    for topic, member in connection.execute(select, (group,)):
        subscriptions.setdefault(topic, []).append(member)
    owners = {}
    for topic, members in subscriptions.items():
        count = connection.execute("SELECT count(*) FROM partitions WHERE topic = ?", (topic,)).get
        owners.update({(topic, partition): member for partition, member in enumerate(assign(members, count))})
    return owners
