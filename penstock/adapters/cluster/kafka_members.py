"""The members of groups and their partitions, as Kafka reports them.

Of librdkafka only the admin client can ask this, and it may end its process by a failed assertion when a broker goes
(librdkafka's issue 4605). So it runs in a process of its own, which is started again when it has ended:
`python -m penstock.adapters.cluster.kafka_members` reads a `Question` from each line of its standard input and writes
an `Answer` as a line.
"""

from __future__ import annotations

import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from penstock.adapters.cluster.kafka_errors import KAFKA, ErrorRecorder
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Unavailable
from penstock.hardening import protect_memory

KEPT_SECONDS = 2.0  # for which an answer counts
ANSWER_SECONDS = 5.0  # for the broker to answer
START_SECONDS = 10.0  # more, for the process to start on a busy machine
COMMAND = [sys.executable, "-m", "penstock.adapters.cluster.kafka_members"]

Place = tuple[str, int]  # topic and partition in the cluster


class Question(msgspec.Struct, frozen=True):
    """`groups` are the names in the cluster."""

    settings: KafkaSettings
    groups: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """The partitions of each member of each group, or what is wrong."""

    members: dict[str, list[list[Place]]] = {}
    problem: str = ""


class KafkaMembers:
    """Thread-safe. Asks at most once in `KEPT_SECONDS`, also when there is no answer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._question: Question | None = None
        self._answer = Answer()
        self._asked_at = float("-inf")

    def __call__(self, groups: Sequence[str]) -> Mapping[str, Sequence[Sequence[Place]]]:
        """The partitions of each member of each of `groups`. Raises `Unavailable`."""
        question = Question(self._settings, tuple(groups))
        with self._lock:
            if question != self._question or time.monotonic() - self._asked_at >= KEPT_SECONDS:
                self._answer = self._ask(question)
                self._question, self._asked_at = question, time.monotonic()
            answer = self._answer
        if answer.problem:
            raise Unavailable(answer.problem, dependency=KAFKA)
        return answer.members

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, question: Question) -> Answer:
        try:
            line = self._line(msgspec.json.encode(question))
            answer = msgspec.json.decode(line, type=Answer)
        except (OSError, msgspec.DecodeError):
            answer = Answer(problem="reading the members of groups: Kafka's client ended without an answer")
        if answer.problem:
            self._end()  # a client may keep on asking brokers that are gone
        return answer

    def _line(self, question: bytes) -> bytes:
        """The process's answer, empty when there is none in time."""
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(question + b"\n")
        stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            return stdout.readline() if selector.select(ANSWER_SECONDS + START_SECONDS) else b""

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class _Admin:
    """Asks Kafka, in the process of its own."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._recorder = ErrorRecorder()
        self._admin = AdminClient(settings.client() | {"error_cb": self._recorder.record})

    def answer(self, groups: Sequence[str]) -> Answer:
        described = self._admin.describe_consumer_groups(list(groups), request_timeout=ANSWER_SECONDS)
        try:
            return Answer({group: _members(described[group]) for group in groups})
        except KafkaException as error:
            self._admin.poll(0)
            return Answer(problem=str(self._recorder.unavailable(error.args[0], "reading the members of groups")))


def _members(future: Future[Any]) -> list[list[Place]]:
    try:
        found = future.result().members
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return []
        raise
    return [[(place.topic, place.partition) for place in member.assignment.topic_partitions] for member in found]


def main() -> None:
    protect_memory()
    admin = None
    for line in sys.stdin.buffer:
        question = msgspec.json.decode(line, type=Question)
        if admin is None or admin.settings != question.settings:
            admin = _Admin(question.settings)
        sys.stdout.buffer.write(msgspec.json.encode(admin.answer(question.groups)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
