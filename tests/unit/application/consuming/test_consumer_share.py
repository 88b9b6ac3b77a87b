"""The share of a process is that of its consumer's partitions, to its last pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.consuming.consumer_share import ConsumerShare
from penstock.domain.dispatching.owners import NOTHING
from penstock.domain.events import PROGRESS
from tests.support.driven_system import DrivenSystem


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    driven = DrivenSystem(tmp_path / "data")
    with closing(driven):
        yield driven


def test_a_consumer_has_nothing_before_its_first_poll_and_then_its_partitions(driven: DrivenSystem) -> None:
    loop, log = driven.tracker, driven.system.log
    share = ConsumerShare(log, PROGRESS, loop.last_assignment)
    assert share.present() == NOTHING
    loop.run_once(0)
    assert share.present().partitions == frozenset(range(log.partitions(PROGRESS)))


def test_a_consumer_that_has_left_keeps_its_share_for_the_last_pass(driven: DrivenSystem) -> None:
    """The notifier then sends what the tracker has announced last."""
    loop = driven.tracker
    share = ConsumerShare(driven.system.log, PROGRESS, loop.last_assignment)
    loop.run_once(0)
    before = share.present()
    loop.close()
    loop.close()
    assert loop.assignment() == frozenset()
    assert share.present() == before


def test_the_partitions_of_other_topics_do_not_count(driven: DrivenSystem) -> None:
    driven.tracker.run_once(0)
    share = ConsumerShare(driven.system.log, "another", driven.tracker.last_assignment)
    assert share.present() == NOTHING
