"""Dead letters: events that could not be handled, for operators who inspect and replay them.

A dead letter is identified by its position in `penstock.dead-letter`: `partition/offset`. Only decoded events are
shown, because undecodable bytes may be anything, including a customer's row.
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
    """A dead letter with its id; `event` is None when its bytes cannot be decoded."""

    dead_letter_id: str
    letter: DeadLetter
    event: Event | None


class DeadLetters:
    """Raises `Unavailable`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def all(self, *, reason: str | None = None) -> Iterator[StoredDeadLetter]:
        """Every dead letter in the log, or those with this reason; oldest first within each partition."""
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
        raise NotFound("there is no such dead letter, or it has expired")

    def replay(self, stored: Sequence[StoredDeadLetter]) -> None:
        """Publish the events again, unchanged and to their original partitions; doing so twice does no harm."""
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
    """The event's fields; for undecodable bytes only their number and hash."""
    if stored.event is None:
        value = stored.letter.value
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    fields: dict[str, Any] = msgspec.to_builtins(stored.event)
    return fields


def event_type(stored: StoredDeadLetter) -> str | None:
    return None if stored.event is None else type(stored.event).__name__


def _stored_dead_letter(message: Message) -> StoredDeadLetter | None:
    """None for a message that is not a dead letter."""
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
