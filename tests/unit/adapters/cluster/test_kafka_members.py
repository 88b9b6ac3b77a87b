"""Counting members is done by a process of its own, whose end is an outage and not an end of this one."""

from __future__ import annotations

import pytest

from penstock.adapters.cluster import kafka_members
from penstock.adapters.cluster.kafka_members import Answer, KafkaMembers, Question
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Unavailable

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def test_without_a_broker_the_answer_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    members = KafkaMembers(SETTINGS)
    with pytest.raises(Unavailable, match="check that the brokers run"):
        members(["g"])
    members.close()


def test_a_process_that_is_aborted_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_members, "COMMAND", ["sh", "-c", "kill -ABRT $$"])
    with pytest.raises(Unavailable) as outage:
        KafkaMembers(SETTINGS)(["g"])
    assert outage.value.dependency == "kafka"


def test_an_answer_is_kept_for_a_while_and_for_its_question_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def answer(question: Question) -> Answer:
        asked.append(question.groups)
        return Answer(members={group: [[("t", len(asked))]] for group in question.groups})

    members = KafkaMembers(SETTINGS)
    monkeypatch.setattr(members, "_ask", answer)
    first, again, other = members(["g"]), members(["g"]), members(["h"])
    assert (first, again, other) == ({"g": [[("t", 1)]]}, first, {"h": [[("t", 2)]]})
    monkeypatch.setattr(kafka_members, "KEPT_SECONDS", 0.0)
    assert members(["h"]) == {"h": [[("t", 3)]]}
