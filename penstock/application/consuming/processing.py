"""Processing of events: each is handled, or becomes a dead letter if it never can be.

Every consumer uses `EventProcessor`, so that one place distinguishes poison messages from outages. The consumer itself
implements how a partition waits or stops.
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
MAX_DELAY_SECONDS = 10.0
MAX_CONSECUTIVE_DEAD_LETTERS = 100  # per partition; more mean a bad release, not bad events
PARTITION_STOPPED = "a partition was stopped after too many consecutive dead letters; see the log"

Handler = Callable[[Sequence[tuple[Message, Event]]], None]

log = structlog.get_logger(__name__)


class PoisonMessage(PenstockError):
    """`source` can never be handled. `reason` is a stable code, `message` is for people; neither contains a value.

    `external`: another service caused the error, not this release, so it does not count toward a partition's limit.
    """

    code = "poison"

    def __init__(self, source: Message, reason: str, message: str, *, external: bool = False) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason
        self.message = message
        self.external = external


class BatchOutcome(NamedTuple):
    """`done`: for each partition, the last message of those processed; `stopped`: for each stopped partition, the first
    message that is not processed."""

    done: list[Message]
    stopped: list[Message]


@dataclass
class ConsumerCounts:
    """The numbers of events that a consumer has processed since its process started; redelivered events are counted
    again."""

    events: int = 0  # including dead letters
    dead_letters: int = 0


class EventProcessor:
    """Handles events for `group`; `producer` takes the dead letters."""

    def __init__(self, *, group: str, handle: Handler, producer: Producer, clock: Clock) -> None:
        self._group, self._handle, self._producer, self._clock = group, handle, producer, clock
        self._dead_letters: defaultdict[TopicPartition, int] = defaultdict(int)  # consecutive
        self.counts = ConsumerCounts()

    def process(self, messages: Sequence[Message]) -> BatchOutcome:
        """Handle the messages; store those that cannot be handled as durable dead letters, up to the limit.

        Raises `Unavailable`, `Conflict` and `Fenced`, after which the same messages may be processed again. Other
        exceptions are bugs in the handler.
        """
        return self._dead_letter(messages, self._handle_all(messages))

    def _handle_all(self, messages: Sequence[Message]) -> dict[Message, PoisonMessage]:
        """Handle the messages; returns those that never can be handled."""
        dead: dict[Message, PoisonMessage] = {}
        events: list[tuple[Message, Event]] = []
        for message in messages:
            try:
                events.append((message, decode(message.topic, message.value)))
            except UnreadableEvent as error:
                dead[message] = PoisonMessage(message, error.reason_code, error.message)
        return dead | self._handle_events(events)

    def _handle_events(self, events: list[tuple[Message, Event]]) -> dict[Message, PoisonMessage]:
        dead: dict[Message, PoisonMessage] = {}
        while events:
            try:
                self._handle(events)
                break
            except PoisonMessage as poison:
                remaining = [(message, event) for message, event in events if message != poison.source]
                if len(remaining) == len(events):
                    raise LookupError("PoisonMessage names an event that is not in the batch") from poison
                dead[poison.source], events = poison, remaining
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
        letters = [dead[message] for message in processed if message in dead]
        for poison in letters:
            self._send_dead_letter(poison)
        self._producer.flush()
        self.counts.events += len(processed)
        self.counts.dead_letters += len(letters)
        self._dead_letters |= {source: consecutive for source, (_, consecutive) in counts.items()}
        unprocessed = [batches[source][count] for source, (count, _) in counts.items() if count < len(batches[source])]
        for message in unprocessed:
            self._log_stopped(dead[message])
        return BatchOutcome([batches[source][count - 1] for source, (count, _) in counts.items() if count], unprocessed)

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

    def _log_stopped(self, poison: PoisonMessage) -> None:
        first = poison.source
        log.critical(
            "consume.partition_stopped",
            group=self._group,
            reason=poison.reason,
            **where(first.source),
            offset=first.offset,
        )


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after that many consecutive `failures`: exponential up to a limit, reduced by up to half through
    `jitter`, a number in [0, 1)."""
    seconds = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 16))
    return seconds * (1 - jitter / 2)


def where(source: TopicPartition) -> dict[str, str | int]:
    """The log fields of a partition."""
    return {"topic": source.topic, "partition": source.partition}


def _within_limit(batch: Sequence[Message], dead: Container[Message], consecutive: int) -> tuple[int, int]:
    """How many messages of a partition's `batch` may be processed, and the consecutive dead letters at their end."""
    for index, message in enumerate(batch):
        if message not in dead:
            consecutive = 0
        elif consecutive < MAX_CONSECUTIVE_DEAD_LETTERS:
            consecutive += 1
        else:
            return index, consecutive
    return len(batch), consecutive
