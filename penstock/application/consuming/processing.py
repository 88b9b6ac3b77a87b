"""What becomes of events: they are handled, or, if they never can be, made dead letters.

Every consumer of events goes through `EventProcessor`, so that one place decides what is poison and what is an outage.
How a partition waits or stops is the consumer's own matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from penstock.domain.errors import Conflict, Fenced, PenstockError, Unavailable
from penstock.domain.event_codec import UnreadableEvent, decode, encode
from penstock.domain.events import DEAD_LETTER, DeadLetter, Event
from penstock.ports.clock import Clock
from penstock.ports.event_log import Message, Producer, TopicPartition

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 10.0
MAX_CONSECUTIVE_DEAD_LETTERS = 100  # of one partition; more of them mean a bad release, not bad events
PARTITION_STOPPED = "a partition was stopped after too many dead letters in a row; see the log"

Handler = Callable[[Sequence[tuple[Message, Event]]], None]

log = structlog.get_logger(__name__)


class PoisonMessage(PenstockError):
    """`source` can never be handled. `reason` is a stable code, `message` is for people; neither holds a value.

    `external`: the mistake is that of another service, not of a release, so it counts toward no partition's limit.
    """

    code = "poison"

    def __init__(self, source: Message, reason: str, message: str, *, external: bool = False) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason
        self.message = message
        self.external = external


class UndecodableEvent(PoisonMessage):
    """The bytes of `source` cannot be read as an event, by this release at least."""


class BatchOutcome(NamedTuple):
    """`done`: the last message of each partition up to which all are settled; `stopped`: the first that is left
    of each partition that is stopped now."""

    done: list[Message]
    stopped: list[Message]


@dataclass
class ConsumerCounts:
    """What a consumer has settled since its process began; events that came twice are counted twice."""

    events: int = 0  # dead letters among them
    dead_letters: int = 0


class EventProcessor:
    """Handles events for `group`; `producer` takes the dead letters.

    `dead_letters_unreadable`: False in a group that shares its topics with another one, which makes dead letters of
    them already. They count toward the limit all the same: a release that reads nothing must not pass over a topic.
    """

    def __init__(
        self, *, group: str, handle: Handler, producer: Producer, clock: Clock, dead_letters_unreadable: bool = True
    ) -> None:
        self._group, self._handle, self._producer, self._clock = group, handle, producer, clock
        self._dead_letters_unreadable = dead_letters_unreadable
        self._dead_letters: defaultdict[TopicPartition, int] = defaultdict(int)  # in a row
        self.counts = ConsumerCounts()

    def process(self, messages: Sequence[Message]) -> BatchOutcome:
        """Handle what can be handled, make durable dead letters of the rest, to the limit.

        Raises `Unavailable`, `Conflict` and `Fenced`, after which the same messages may be settled again, and
        whatever is a mistake of the handler's.
        """
        return self._dead_letter(messages, self._handle_all(messages))

    def _handle_all(self, messages: Sequence[Message]) -> dict[Message, PoisonMessage]:
        """Handle what can be handled; returns what never can."""
        dead: dict[Message, PoisonMessage] = {}
        events: list[tuple[Message, Event]] = []
        for message in messages:
            try:
                events.append((message, decode(message.topic, message.value)))
            except UnreadableEvent as error:
                dead[message] = UndecodableEvent(message, error.reason_code, error.message)
        return dead | self._handle_events(events)

    def _handle_events(self, events: list[tuple[Message, Event]]) -> dict[Message, PoisonMessage]:
        dead: dict[Message, PoisonMessage] = {}
        while events:
            try:
                self._handle(events)
                break
            except PoisonMessage as poison:
                rest = [(message, event) for message, event in events if message != poison.source]
                if len(rest) == len(events):
                    raise LookupError("PoisonMessage names an event that was not handed over") from poison
                dead[poison.source], events = poison, rest
            except (Unavailable, Conflict, Fenced):
                raise
            except PenstockError as error:
                if len(events) > 1:
                    for one in events:
                        dead |= self._handle_events([one])
                else:
                    dead[events[0][0]] = PoisonMessage(events[0][0], error.code, str(error))
                break
        return dead

    def _dead_letter(self, messages: Sequence[Message], dead: dict[Message, PoisonMessage]) -> BatchOutcome:
        batches: dict[TopicPartition, list[Message]] = {}
        for message in messages:
            batches.setdefault(message.source, []).append(message)
        own = {message for message, poison in dead.items() if not poison.external}
        counts = {source: _within_limit(batch, own, self._dead_letters[source]) for source, batch in batches.items()}
        processed = [message for source, (count, _) in counts.items() for message in batches[source][:count]]
        letters = [
            dead[message] for message in processed if message in dead and self._becomes_dead_letter(dead[message])
        ]
        for poison in letters:
            self._send_dead_letter(poison)
        self._producer.flush()
        self.counts.events += len(processed)
        self.counts.dead_letters += len(letters)
        self._dead_letters |= {source: in_a_row for source, (_, in_a_row) in counts.items()}
        left = [batches[source][count] for source, (count, _) in counts.items() if count < len(batches[source])]
        for message in left:
            self._tell_stopped(dead[message])
        return BatchOutcome([batches[source][count - 1] for source, (count, _) in counts.items() if count], left)

    def _becomes_dead_letter(self, poison: PoisonMessage) -> bool:
        return self._dead_letters_unreadable or not isinstance(poison, UndecodableEvent)

    def _send_dead_letter(self, poison: PoisonMessage) -> None:
        source = poison.source
        log.error(
            "consume.dead_letter",
            group=self._group,
            reason=poison.reason,
            error=poison.message,
            **where(source.source),
            offset=source.offset,
        )
        letter = DeadLetter(
            from_topic=source.topic,
            from_partition=source.partition,
            from_offset=source.offset,
            from_key=source.key,
            value=source.value,
            reason=poison.reason,
            message=poison.message,
            at_us=self._clock.now_us(),
        )
        self._producer.send(DEAD_LETTER, letter.key, encode(letter))

    def _tell_stopped(self, poison: PoisonMessage) -> None:
        first = poison.source
        log.critical(
            "consume.partition_stopped",
            group=self._group,
            reason=poison.reason,
            **where(first.source),
            offset=first.offset,
        )


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` in a row: doubled with each up to a limit, less up to half of it by `jitter`,
    a number within [0, 1)."""
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 16))
    return longest * (1 - jitter / 2)


def where(source: TopicPartition) -> dict[str, str | int]:
    """A partition, for a line in the log."""
    return {"topic": source.topic, "partition": source.partition}


def _within_limit(batch: Sequence[Message], dead: Container[Message], in_a_row: int) -> tuple[int, int]:
    """How many of one partition's `batch` may be settled, and how many dead letters in a row end with them."""
    for index, message in enumerate(batch):
        if message not in dead:
            in_a_row = 0
        elif in_a_row < MAX_CONSECUTIVE_DEAD_LETTERS:
            in_a_row += 1
        else:
            return index, in_a_row
    return len(batch), in_a_row
