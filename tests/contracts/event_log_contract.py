"""What every event log must do, whichever adapter it is: one test class a promise of penstock.ports.event_log.

A subclass gives the fixture `log` and says how time passes and how events expire.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from penstock.domain.errors import Conflict, Fenced, NotFound
from penstock.ports.event_log import Consumer, EventLog, Message, TopicPartition

GIVE_UP_SECONDS = 240.0  # only a broken log ever gets here
ORDERS, ALERTS, SINGLE = "orders", "alerts", "single"


def publish(log: EventLog, topic: str, values: Sequence[int], *, partition: int | None = 0) -> None:
    """One event for each of `values`, which is its key and its value."""
    producer = log.producer()
    for value in values:
        producer.send(topic, str(value).encode(), str(value).encode(), partition=partition)
    producer.flush()
    producer.close()


def values(messages: Sequence[Message]) -> list[int]:
    return [int(message.value) for message in messages]


def poll_until(consumers: Sequence[Consumer], done: Callable[[list[Message]], bool]) -> list[Message]:
    """Poll `consumers` in turn until `done` says of all that came that it is enough."""
    messages: list[Message] = []
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not done(messages):
        assert time.monotonic() < deadline, f"gave up waiting after {values(messages)}"
        for consumer in consumers:
            messages += consumer.poll(0.02, max_messages=100)
    return messages


def take(consumer: Consumer, count: int) -> list[Message]:
    """Poll until `count` events came, and not one more."""
    messages = poll_until([consumer], lambda so_far: len(so_far) >= count)
    assert len(messages) == count
    return messages


def poll_until_assigned(consumers: Sequence[Consumer], topic: str, partitions: int) -> list[Message]:
    """Poll until the partitions of `topic` are divided among all of `consumers`."""

    def divided(_: list[Message]) -> bool:
        shares = [{source for source in consumer.assignment() if source.topic == topic} for consumer in consumers]
        return all(shares) and sum(map(len, shares)) == partitions == len(set().union(*shares))

    return poll_until(consumers, divided)


class EventLogContract:
    quiet_seconds = 0.05  # how long to listen before silence counts
    longest_turn = 40  # events of one partition at most, before the others have their turn

    @pytest.fixture
    def log(self) -> Iterator[EventLog]:
        """An empty log."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _topics(self, log: EventLog) -> None:
        log.create_topics({ORDERS: 4, ALERTS: 2, SINGLE: 1})

    def outlast_session(self, survivors: Sequence[Consumer]) -> None:
        """Let the session timeout pass, in which only `survivors` poll."""
        raise NotImplementedError

    def expire(self, log: EventLog, topic: str) -> None:
        """Make every event of `topic` that was sent so far expire, read or not."""
        raise NotImplementedError

    def assert_quiet(self, consumer: Consumer) -> None:
        assert consumer.poll(self.quiet_seconds, max_messages=100) == []

    # Topics

    def test_a_topic_keeps_its_partitions_and_may_have_more_than_are_asked_for(self, log: EventLog) -> None:
        log.create_topics({ORDERS: 4})
        log.create_topics({ORDERS: 3})
        assert log.partitions(ORDERS) == 4
        with pytest.raises(Conflict):
            log.create_topics({ORDERS: 5})
        assert log.partitions(ORDERS) == 4

    def test_unknown_topics(self, log: EventLog) -> None:
        producer = log.producer()
        with pytest.raises(NotFound):
            log.partitions("nowhere")
        with pytest.raises(NotFound):
            producer.send("nowhere", b"k", b"v")
        with pytest.raises(NotFound):
            producer.send(SINGLE, b"k", b"v", partition=1)
        producer.close()

    # Order and content

    def test_an_event_comes_out_as_it_went_in(self, log: EventLog) -> None:
        producer = log.producer()
        producer.send(SINGLE, b"\x00key\xff", b"\xc3\x01\x00value")
        producer.flush()
        consumer = log.consumer("g", [SINGLE])
        (message,) = take(consumer, 1)
        assert (message.topic, message.partition, message.offset) == (SINGLE, 0, 0)
        assert (message.key, message.value) == (b"\x00key\xff", b"\xc3\x01\x00value")
        assert message.timestamp_us > 0

    def test_order_within_each_partition(self, log: EventLog) -> None:
        for start in range(0, 200, 50):
            publish(log, ORDERS, range(start, start + 50), partition=None)
        messages = take(log.consumer("g", [ORDERS]), 200)
        assert len({message.partition for message in messages}) == 4
        for partition in range(4):
            of_one = [message for message in messages if message.partition == partition]
            assert [message.offset for message in of_one] == list(range(len(of_one)))
            assert values(of_one) == sorted(values(of_one))

    def test_a_key_always_goes_to_the_same_partition(self, log: EventLog) -> None:
        for _ in range(3):
            publish(log, ORDERS, range(20), partition=None)
        places: dict[bytes, set[int]] = {}
        for message in take(log.consumer("g", [ORDERS]), 60):
            places.setdefault(message.key, set()).add(message.partition)
        assert all(len(partitions) == 1 for partitions in places.values())

    def test_no_more_than_asked_for(self, log: EventLog) -> None:
        publish(log, SINGLE, range(5))
        consumer = log.consumer("g", [SINGLE])
        consumer.rewind(take(consumer, 5)[0])
        batches = [values(consumer.poll(self.quiet_seconds, max_messages=2)) for _ in range(3)]
        assert batches == [[0, 1], [2, 3], [4]]
        assert consumer.poll(self.quiet_seconds, max_messages=2) == []

    def test_no_partition_starves(self, log: EventLog) -> None:
        for partition in range(4):
            publish(log, ORDERS, range(self.longest_turn + 10), partition=partition)
        consumer = log.consumer("g", [ORDERS])
        seen: set[int] = set()
        for _ in range(self.longest_turn):
            seen |= {message.partition for message in consumer.poll(self.quiet_seconds)}
        assert seen == {0, 1, 2, 3}

    # Flush

    def test_nothing_is_in_the_log_before_the_flush_and_all_after_it(self, log: EventLog) -> None:
        producer = log.producer()
        for value in range(3):
            producer.send(SINGLE, b"", str(value).encode())
        assert log.read(SINGLE, 0, 0, 10) == []
        producer.flush()
        assert values(log.read(SINGLE, 0, 0, 10)) == [0, 1, 2]
        producer.flush()
        assert values(log.read(SINGLE, 0, 0, 10)) == [0, 1, 2]

    def test_unflushed_events_are_dropped_at_close(self, log: EventLog) -> None:
        producer = log.producer()
        producer.send(SINGLE, b"", b"0")
        producer.close()
        publish(log, SINGLE, [1])
        assert values(log.read(SINGLE, 0, 0, 10)) == [1]

    # At least once

    def test_a_new_group_starts_at_the_earliest_event(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        assert values(take(log.consumer("early", [SINGLE]), 3)) == [0, 1, 2]
        assert values(take(log.consumer("late", [SINGLE]), 3)) == [0, 1, 2]

    def test_the_next_member_starts_at_the_committed_offset(self, log: EventLog) -> None:
        publish(log, SINGLE, range(5))
        first = log.consumer("g", [SINGLE])
        first.commit(take(first, 5)[1])
        first.close()
        assert values(take(log.consumer("g", [SINGLE]), 3)) == [2, 3, 4]

    def test_uncommitted_events_are_delivered_again(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        first = log.consumer("g", [SINGLE])
        take(first, 3)
        first.close()
        assert values(take(log.consumer("g", [SINGLE]), 3)) == [0, 1, 2]

    def test_rewind_delivers_again_in_order(self, log: EventLog) -> None:
        publish(log, SINGLE, range(4))
        consumer = log.consumer("g", [SINGLE])
        messages = take(consumer, 4)
        consumer.commit(messages[0])
        consumer.rewind(messages[1])
        again = take(consumer, 3)
        assert again == messages[1:]
        consumer.commit(again[-1])
        consumer.close()
        assert log.lag("g", SINGLE) == 0

    def test_rewind_after_a_silence(self, log: EventLog) -> None:
        publish(log, SINGLE, range(2))
        consumer = log.consumer("g", [SINGLE])
        messages = take(consumer, 2)
        self.assert_quiet(consumer)
        consumer.rewind(messages[1])
        assert consumer.poll(self.quiet_seconds, max_messages=2) == messages[1:]

    def test_committed_events_are_not_delivered_again(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        consumer = log.consumer("g", [SINGLE])
        messages = take(consumer, 3)
        consumer.commit(messages[2])
        consumer.commit(messages[0])
        consumer.close()
        assert log.lag("g", SINGLE) == 0

    def test_rewind_leaves_other_partitions_alone(self, log: EventLog) -> None:
        for partition in (0, 1):
            publish(log, ALERTS, [partition * 10, partition * 10 + 1], partition=partition)
        consumer = log.consumer("g", [ALERTS])
        messages = take(consumer, 4)
        consumer.rewind(next(message for message in messages if message.partition == 1))
        assert values(take(consumer, 2)) == [10, 11]

    # Groups

    def test_groups_do_not_know_each_other(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        one, other = log.consumer("one", [SINGLE]), log.consumer("other", [SINGLE])
        one.commit(take(one, 3)[-1])
        assert values(take(other, 3)) == [0, 1, 2]
        assert (log.lag("one", SINGLE), log.lag("other", SINGLE)) == (0, 3)

    def test_several_topics_with_different_numbers_of_partitions(self, log: EventLog) -> None:
        publish(log, ORDERS, [0], partition=3)
        publish(log, ALERTS, [1], partition=1)
        publish(log, SINGLE, [2])
        consumer = log.consumer("g", [ORDERS, ALERTS])
        assert sorted(values(take(consumer, 2))) == [0, 1]
        everything = {TopicPartition(ORDERS, n) for n in range(4)} | {TopicPartition(ALERTS, n) for n in range(2)}
        assert consumer.assignment() == everything

    def test_members_divide_the_partitions(self, log: EventLog) -> None:
        consumers = [log.consumer("g", [ORDERS]) for _ in range(2)]
        poll_until_assigned(consumers, ORDERS, 4)
        assert [len(consumer.assignment()) for consumer in consumers] == [2, 2]
        for partition in range(4):
            publish(log, ORDERS, [partition], partition=partition)
        for consumer in consumers:
            own = {source.partition for source in consumer.assignment()}
            assert set(values(take(consumer, 2))) == own

    def test_more_members_than_partitions(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        consumers = [log.consumer("g", [SINGLE]) for _ in range(3)]
        messages = poll_until(consumers, lambda so_far: len(set(so_far)) == 3)
        assert set(values(messages)) == {0, 1, 2}
        assert sorted(len(consumer.assignment()) for consumer in consumers) == [0, 0, 1]

    def test_members_of_one_group_may_read_different_topics(self, log: EventLog) -> None:
        one, other = log.consumer("g", [SINGLE]), log.consumer("g", [SINGLE, ALERTS])
        everything = {TopicPartition(SINGLE, 0), TopicPartition(ALERTS, 0), TopicPartition(ALERTS, 1)}
        poll_until([one, other], lambda _: one.assignment() | other.assignment() == everything)
        assert {source.topic for source in one.assignment()} <= {SINGLE}
        assert {source.topic for source in other.assignment()} >= {ALERTS}

    def test_a_member_that_joins_takes_over_at_the_committed_offset(self, log: EventLog) -> None:
        for partition in range(4):
            publish(log, ORDERS, [partition * 10 + n for n in range(3)], partition=partition)
        old = log.consumer("g", [ORDERS])
        for message in take(old, 12):
            if message.offset == 0:
                old.commit(message)
        new = log.consumer("g", [ORDERS])
        came = poll_until_assigned([old, new], ORDERS, 4)
        expected = {source.partition * 10 + n for source in new.assignment() for n in (1, 2)}
        came += poll_until([new], lambda so_far: set(values(came + so_far)) >= expected)
        assert not {0, 10, 20, 30} & set(values(came))

    def test_a_member_that_leaves_is_replaced(self, log: EventLog) -> None:
        publish(log, ORDERS, range(40), partition=None)
        leaver, stayer = log.consumer("g", [ORDERS]), log.consumer("g", [ORDERS])
        poll_until_assigned([leaver, stayer], ORDERS, 4)
        leaver.close()
        came = poll_until_assigned([stayer], ORDERS, 4)
        for partition in range(4):
            publish(log, ORDERS, [100 + partition], partition=partition)
        late = set(range(100, 104))
        came += poll_until([stayer], lambda so_far: late <= set(values(came + so_far)))
        assert late <= set(values(came))

    def test_a_member_that_falls_silent_is_replaced_and_its_commit_is_fenced(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        zombie = log.consumer("g", [SINGLE])
        held = take(zombie, 3)
        heir = log.consumer("g", [SINGLE])
        heir.poll(0)
        self.outlast_session([heir])
        again = poll_until([heir], lambda so_far: len(so_far) == 3)
        assert values(again) == [0, 1, 2]
        heir.commit(again[0])
        with pytest.raises(Fenced):
            zombie.commit(held[2])
        heir.close()
        assert log.lag("g", SINGLE) == 2

    def test_a_zombie_comes_back_as_a_member(self, log: EventLog) -> None:
        zombie, heir = log.consumer("g", [ORDERS]), log.consumer("g", [ORDERS])
        poll_until_assigned([zombie, heir], ORDERS, 4)
        self.outlast_session([heir])
        poll_until_assigned([heir], ORDERS, 4)
        poll_until_assigned([zombie, heir], ORDERS, 4)
        publish(log, ORDERS, range(40), partition=None)
        messages = poll_until([zombie, heir], lambda so_far: len(so_far) >= 40)
        assert sorted(values(messages)) == list(range(40))

    def test_a_partition_that_was_lost_and_won_back_starts_at_the_committed_offset(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        zombie = log.consumer("g", [SINGLE])
        held = take(zombie, 3)
        heir = log.consumer("g", [SINGLE])
        heir.poll(0)
        self.outlast_session([heir])
        heir.commit(poll_until([heir], lambda so_far: len(so_far) == 3)[0])
        heir.close()
        with pytest.raises(Fenced):
            zombie.commit(held[2])
        assert values(take(zombie, 2)) == [1, 2]

    def test_a_commit_without_a_partition_is_fenced(self, log: EventLog) -> None:
        publish(log, SINGLE, [0])
        owner = log.consumer("g", [SINGLE])
        (message,) = take(owner, 1)
        with pytest.raises(Fenced):
            log.consumer("g", [SINGLE]).commit(message)
        owner.close()
        with pytest.raises(Fenced):
            owner.commit(message)

    def test_a_member_that_only_polls_keeps_its_partitions(self, log: EventLog) -> None:
        publish(log, SINGLE, [0])
        owner, other = log.consumer("g", [SINGLE]), log.consumer("g", [SINGLE])
        (message,) = take(owner, 1)
        self.outlast_session([owner, other])
        owner.commit(message)
        assert other.assignment() == frozenset()

    def test_the_members_of_each_group_are_known_with_their_partitions(self, log: EventLog) -> None:
        assert dict(log.members(["nobody"])) == {"nobody": []}
        first, second, other = (log.consumer(group, [ORDERS]) for group in ("g", "g", "h"))
        poll_until_assigned([first, second], ORDERS, 4)
        poll_until_assigned([other], ORDERS, 4)
        found = log.members(["g", "h"])
        assert set(found["g"]) == {first.assignment(), second.assignment()}
        assert list(found["h"]) == [other.assignment()]
        second.close()
        poll_until_assigned([first], ORDERS, 4)
        left = {"g": [first.assignment()], "h": [other.assignment()]}
        poll_until([first], lambda _: {group: list(each) for group, each in log.members(["g", "h"]).items()} == left)

    # Pause

    def test_a_paused_partition_is_silent_and_others_are_not(self, log: EventLog) -> None:
        consumer = log.consumer("g", [ALERTS])
        poll_until_assigned([consumer], ALERTS, 2)
        consumer.pause([TopicPartition(ALERTS, 0)])
        publish(log, ALERTS, [0], partition=0)
        publish(log, ALERTS, [1], partition=1)
        assert values(take(consumer, 1)) == [1]
        self.assert_quiet(consumer)
        consumer.resume([TopicPartition(ALERTS, 0)])
        assert values(take(consumer, 1)) == [0]

    def test_a_paused_partition_can_be_rewound_and_stays_the_members_own(self, log: EventLog) -> None:
        publish(log, SINGLE, range(2))
        consumer, other = log.consumer("g", [SINGLE]), log.consumer("g", [SINGLE])
        messages = take(consumer, 2)
        consumer.pause([TopicPartition(SINGLE, 0)])
        consumer.rewind(messages[0])
        self.outlast_session([consumer, other])
        self.assert_quiet(consumer)
        assert consumer.assignment() == {TopicPartition(SINGLE, 0)}
        consumer.resume([TopicPartition(SINGLE, 0)])
        assert take(consumer, 2) == messages

    def test_pausing_an_unassigned_partition_is_no_error(self, log: EventLog) -> None:
        publish(log, SINGLE, [0])
        consumer = log.consumer("g", [SINGLE])
        consumer.pause([TopicPartition(ORDERS, 0)])
        consumer.resume([TopicPartition(ORDERS, 0)])
        assert values(take(consumer, 1)) == [0]

    # Expiry

    def test_events_that_expired_unread_are_reported_once(self, log: EventLog) -> None:
        publish(log, ALERTS, range(4))
        consumer = log.consumer("g", [ALERTS])
        consumer.commit(take(consumer, 4)[1])
        consumer.close()
        self.expire(log, ALERTS)
        publish(log, ALERTS, [4])
        heir = log.consumer("g", [ALERTS])
        assert values(take(heir, 1)) == [4]
        assert heir.lost() == {TopicPartition(ALERTS, 0)}
        assert heir.lost() == frozenset()

    def test_events_that_expired_once_they_were_done_are_not_lost(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        consumer = log.consumer("g", [SINGLE])
        consumer.commit(take(consumer, 3)[-1])
        consumer.close()
        self.expire(log, SINGLE)
        publish(log, SINGLE, [3])
        heir = log.consumer("g", [SINGLE])
        assert values(take(heir, 1)) == [3]
        assert heir.lost() == frozenset()

    # Looking on

    def test_lag_counts_uncommitted_events(self, log: EventLog) -> None:
        assert log.lag("g", ORDERS) == 0
        for partition in range(4):
            publish(log, ORDERS, range(3), partition=partition)
        assert log.lag("g", ORDERS) == 12
        consumer = log.consumer("g", [ORDERS])
        for message in take(consumer, 12):
            if message.partition == 2 and message.offset == 1:
                consumer.commit(message)
        assert log.lag("g", ORDERS) == 10
        with pytest.raises(NotFound):
            log.lag("g", "nowhere")

    def test_read_looks_without_taking_part(self, log: EventLog) -> None:
        publish(log, SINGLE, range(5))
        assert values(log.read(SINGLE, 0, 1, 3)) == [1, 2, 3]
        assert log.read(SINGLE, 0, 5, 3) == []
        assert values(take(log.consumer("g", [SINGLE]), 5)) == [0, 1, 2, 3, 4]
        with pytest.raises(NotFound):
            log.read("nowhere", 0, 0, 1)
