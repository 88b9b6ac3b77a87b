"""Dead letters: events that could never be handled, for people who look at them and have them handled again.

A dead letter is known by its place in `penstock.dead-letter`: `partition/offset`. What an event says is shown only as
far as it can be decoded, since bytes that are no event may be anything, a customer's row among it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from penstock.domain.errors import NotFound
from penstock.domain.event_codec import UnreadableEvent, decode
from penstock.domain.events import DEAD_LETTER, DeadLetter, Event
from penstock.ports.event_log import EventLog, Message

PAGE = 500  # events per read
_ID = re.compile(r"([0-9]{1,9})/([0-9]{1,18})")


class StoredDeadLetter(NamedTuple):
    """A dead letter at its place; `event` is None when its bytes are no event."""

    dead_letter_id: str
    letter: DeadLetter
    event: Event | None


class DeadLetters:
    """Raises `Unavailable`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def all(self, *, reason: str | None = None) -> Iterator[StoredDeadLetter]:
        """Every dead letter that the log still has, or those with this reason, the oldest of each partition first."""
        for partition in range(self._log.partitions(DEAD_LETTER)):
            for message in self._messages(partition):
                stored = _stored_dead_letter(message)
                if stored is not None and reason in (None, stored.letter.reason):
                    yield stored

    def get(self, dead_letter_id: str) -> StoredDeadLetter:
        """Raises `NotFound`."""
        match = _ID.fullmatch(dead_letter_id)
        if match and int(match[1]) < self._log.partitions(DEAD_LETTER):
            for message in self._log.read(DEAD_LETTER, int(match[1]), int(match[2]), 1):
                stored = _stored_dead_letter(message)
                if stored is not None and stored.dead_letter_id == dead_letter_id:
                    return stored
        raise NotFound("there is no such dead letter, or not any more")

    def replay(self, stored: Sequence[StoredDeadLetter]) -> None:
        """Publish the events again, as they were and where they lay; a replay that comes twice does no harm."""
        producer = self._log.producer()
        try:
            for each in stored:
                letter = each.letter
                producer.send(letter.from_topic, letter.from_key, letter.value, partition=letter.from_partition)
            producer.flush()
        finally:
            producer.close()

    def _messages(self, partition: int) -> Iterator[Message]:
        offset = 0
        while page := self._log.read(DEAD_LETTER, partition, offset, PAGE):
            yield from page
            offset = page[-1].offset + 1


def contents(stored: StoredDeadLetter) -> dict[str, Any]:
    """What the event says, or, of bytes that are no event, only what they are told by."""
    if stored.event is None:
        value = stored.letter.value
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    fields: dict[str, Any] = msgspec.to_builtins(stored.event)
    return fields


def event_type(stored: StoredDeadLetter) -> str | None:
    return None if stored.event is None else type(stored.event).__name__


def _stored_dead_letter(message: Message) -> StoredDeadLetter | None:
    """None for bytes that lie in the topic without being a dead letter."""
    try:
        letter = decode(message.topic, message.value)
    except UnreadableEvent:
        return None
    if not isinstance(letter, DeadLetter):
        return None
    try:
        event = decode(letter.from_topic, letter.value)
    except UnreadableEvent:
        event = None
    return StoredDeadLetter(f"{message.partition}/{message.offset}", letter, event)
