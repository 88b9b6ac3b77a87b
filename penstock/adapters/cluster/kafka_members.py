"""How many members groups have, as Kafka reports it.

Of librdkafka only the admin client can ask this, and it may end its process by a failed assertion when a broker goes
(librdkafka's issue 4605). So it runs in a process of its own: `python -m penstock.adapters.cluster.kafka_members`
reads a `Question` from its standard input and writes an `Answer`.
"""

from __future__ import annotations

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

KEPT_SECONDS = 10.0  # for which an answer counts, since each takes a process
ANSWER_SECONDS = 5.0  # for the broker to answer
START_SECONDS = 10.0  # more, for the process to start on a busy machine
COMMAND = [sys.executable, "-m", "penstock.adapters.cluster.kafka_members"]


class Question(msgspec.Struct, frozen=True):
    """`groups` are the names in the cluster."""

    settings: KafkaSettings
    groups: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """The members of each group, or what is wrong."""

    members: dict[str, int] = {}
    problem: str = ""


class KafkaMembers:
    """Thread-safe. Asks at most once in `KEPT_SECONDS`, also when there is no answer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._question: Question | None = None
        self._answer = Answer()
        self._asked_at = float("-inf")

    def __call__(self, groups: Sequence[str]) -> Mapping[str, int]:
        """The number of members of each of `groups`. Raises `Unavailable`."""
        question = Question(self._settings, tuple(groups))
        with self._lock:
            if question != self._question or time.monotonic() - self._asked_at >= KEPT_SECONDS:
                self._answer = _answer_of_process(question)
                self._question, self._asked_at = question, time.monotonic()
            answer = self._answer
        if answer.problem:
            raise Unavailable(answer.problem, dependency=KAFKA)
        return answer.members


def _answer_of_process(question: Question) -> Answer:
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            COMMAND,
            input=msgspec.json.encode(question),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=ANSWER_SECONDS + START_SECONDS,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=Answer)
    except (subprocess.SubprocessError, OSError, msgspec.DecodeError):
        return Answer(problem="reading the members of groups: Kafka's client ended without an answer")


def _ask(question: Question) -> Answer:
    recorder = ErrorRecorder()
    admin = AdminClient(question.settings.client() | {"error_cb": recorder.record})
    described = admin.describe_consumer_groups(list(question.groups), request_timeout=ANSWER_SECONDS)
    try:
        return Answer({group: _count(described[group]) for group in question.groups})
    except KafkaException as error:
        admin.poll(0)
        return Answer(problem=str(recorder.unavailable(error.args[0], "reading the members of groups")))


def _count(future: Future[Any]) -> int:
    try:
        return len(future.result().members)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return 0
        raise


def main() -> None:
    protect_memory()
    answer = _ask(msgspec.json.decode(sys.stdin.buffer.read(), type=Question))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
