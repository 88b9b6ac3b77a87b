"""Events that can never be handled become dead letters that say why; their neighbours go on, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.consuming.consume_loop import MAX_CONSECUTIVE_DEAD_LETTERS
from penstock.domain.event_codec import encode
from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED
from penstock.domain.requests.request import Status
from tests.support import clear_text, messy_file
from tests.support.driven_system import DrivenSystem
from tests.support.invariant import check_profiles, check_request, expected
from tests.support.poison import event_of, external_request, poisons

TOPICS = (UPLOAD_REQUESTED, CHUNK_READY, PROGRESS)


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as system:
        yield system


@pytest.mark.parametrize("topic", TOPICS)
def test_poison_is_set_aside_with_its_reason_and_its_place(driven: DrivenSystem, topic: str) -> None:
    """PoisonMessage lies before and between the events of a file that is being ingested."""
    external, request = external_request(driven.system, driven.command), driven.upload()
    requested = poisons(topic, request, external)
    for partition in range(driven.system.log.partitions(topic)):
        driven.send(topic, *requested, partition=partition)
    (completed,) = driven.finish(request)
    driven.drain()
    assert completed.status is Status.COMPLETED
    check_request(driven.system, completed, expected(completed, messy_file.BODY))
    check_profiles(driven.system, [expected(completed, messy_file.BODY)])
    letters = driven.dead_letters()
    assert {letter.value: letter.reason for letter in letters} == requested
    assert len(letters) == len(requested) * driven.system.log.partitions(topic)
    for letter in letters:
        assert letter.from_topic == topic
        (source,) = driven.system.log.read(topic, letter.from_partition, letter.from_offset, 1)
        assert (source.value, source.key) == (letter.value, letter.from_key)
    assert clear_text.found_under(driven.data, messy_file.MARK) == {}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_that_is_nothing_but_poison_is_not_emptied(driven: DrivenSystem, topic: str) -> None:
    """As a bad release would write it: each partition stops at the limit, and goes on with a better release."""
    partitions = driven.system.log.partitions(topic)
    beyond = MAX_CONSECUTIVE_DEAD_LETTERS + 7
    for partition in range(partitions):
        driven.send(topic, *[b"poison %d" % number for number in range(beyond)], partition=partition)
    driven.drain()
    letters = driven.dead_letters()
    assert len(letters) == MAX_CONSECUTIVE_DEAD_LETTERS * partitions
    loop = {UPLOAD_REQUESTED: driven.dispatching.loop, CHUNK_READY: driven.worker, PROGRESS: driven.tracker}[topic]
    assert not loop.healthy
    group = {UPLOAD_REQUESTED: "penstock.dispatchers", CHUNK_READY: "penstock.workers", PROGRESS: "penstock.trackers"}
    assert driven.system.log.lag(group[topic], topic) == 7 * partitions


def test_a_later_good_event_restarts_the_count(driven: DrivenSystem) -> None:
    request = driven.upload()
    for _ in range(3):
        driven.send(CHUNK_READY, *[b"poison"] * (MAX_CONSECUTIVE_DEAD_LETTERS - 1), partition=0)
        driven.send(CHUNK_READY, encode(event_of(CHUNK_READY, request)), partition=0)
        driven.send(CHUNK_READY, b"poison", partition=0)
    driven.drain()
    assert driven.worker.healthy
    assert len(driven.dead_letters()) == 3 * MAX_CONSECUTIVE_DEAD_LETTERS
