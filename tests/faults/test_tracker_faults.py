"""Faults 3, 7 and 12: trackers killed with SIGKILL, shuffled and repeated events, clocks that jump."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.system_clock import SystemClock
from penstock.application.requests.requests import Requests
from penstock.domain.errors import Problem
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import (
    DEAD_LETTER,
    PROGRESS,
    STATUS,
    UPLOAD_REQUESTED,
    ChunkDone,
    FileRefused,
    Progress,
    Split,
    Started,
    StatusChanged,
    Step,
)
from penstock.domain.requests.request import Status
from penstock.ports.control_store import Table
from tests.support.acceptance import TENANT, accept
from tests.support.smtp_sink import SmtpSink, open_smtp_sink
from tests.support.waiting import GIVE_UP_SECONDS

ADDRESSES = ("ann@example.com", "bo@example.com")
REQUESTS = 4
CHUNKS = 5
HOUR = 3600
PLACES = (
    "tracker.state_stored",
    "tracker.notifications_stored",
    "tracker.status_sent",
    "consume.before_commit",
    "notifier.attempt_stored",
    "notifier.mail_sent",
)


class Scene:
    """A folder with accepted requests and all their progress in the log, repeated and shuffled across requests."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.store = EmbeddedControlStore(folder / "control.db")
        self.log = EmbeddedEventLog(folder / "events.db", SystemClock())
        self.requests = Requests(self.store, SystemClock())
        self.store.put(Table.DATA_KEYS, TENANT, "general", "1", b"wrapped")  # what makes a tenant
        self.log.create_topics({PROGRESS: 2, STATUS: 1, UPLOAD_REQUESTED: 1, DEAD_LETTER: 1})
        self.ids = [accept(self.requests, *ADDRESSES).request_id for _ in range(REQUESTS)]
        self._send(random.Random(seed))

    def run(self, port: int, *, failpoint: str = "", clock_seconds: int = 0) -> int:
        """The exit code of a tracker process that was let run to its end, or to its failpoint."""
        command = [sys.executable, "-m", "tests.support.tracker_process", str(self.folder), str(port)]
        environment = {**os.environ, **({"PENSTOCK_FAILPOINT": failpoint} if failpoint else {})}
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [*command, str(clock_seconds)], env=environment, cwd=root, timeout=GIVE_UP_SECONDS, check=False
        )
        return done.returncode

    def steps(self, number: int) -> list[Step]:
        """The last request's file is refused; of the others each chunk has a rejected row."""
        if number == REQUESTS - 1:
            problem = Problem(code="no_rows", title="The file has no rows", detail="Only a header.")
            return [Started(at_us=1000), FileRefused(at_us=1100, problem=problem)]
        chunks = [
            ChunkDone(
                at_us=1100 + chunk,
                chunk=chunk,
                rows_read=10,
                rows_ingested=9,
                rows_rejected=1,
                reject_reasons={"no_identifier": 1},
            )
            for chunk in range(CHUNKS)
        ]
        return [Started(at_us=1000), Split(at_us=1050, chunks=CHUNKS, bytes=99), *chunks]

    def check_end(self) -> None:
        """Every request has its one right end, all is announced and nothing is left over."""
        for number, request_id in enumerate(self.ids):
            request = self.requests.get(TENANT, request_id)
            if number == REQUESTS - 1:
                assert (request.status, request.rows_read) == (Status.FAILED, 0)
                continue
            assert (request.status, request.started_at, request.finished_at) == (Status.COMPLETED, 1000, 1104)
            assert (request.rows_read, request.rows_ingested, request.rows_rejected) == (50, 45, 5)
            assert request.reject_reasons == {"no_identifier": 5}
        assert list(self.requests.active_markers(TENANT)) == []
        assert self.store.scan(Table.DUE_NOTIFICATIONS, TENANT, "") == []
        assert self.log.lag("penstock.trackers", PROGRESS) == 0
        assert self.log.read(DEAD_LETTER, 0, 0, 10) == []
        assert set(self.announced()) == self.expected()

    def announced(self) -> list[tuple[str, str]]:
        events = [decode(STATUS, message.value) for message in self.log.read(STATUS, 0, 0, 1000)]
        return [(event.request_id, event.status) for event in events if isinstance(event, StatusChanged)]

    def expected(self) -> set[tuple[str, str]]:
        ends = ["COMPLETED"] * (REQUESTS - 1) + ["FAILED"]
        return {
            (request_id, status)
            for request_id, end in zip(self.ids, ends, strict=True)
            for status in ("SCHEDULED", "IN_PROGRESS", end)
        }

    def close(self) -> None:
        self.log.close()
        self.store.close()

    def _send(self, seeded: random.Random) -> None:
        events = [
            Progress(tenant_id=TENANT, request_id=request_id, step=step)
            for number, request_id in enumerate(self.ids)
            for step in self.steps(number)
            for _ in range(seeded.randint(1, 3))
        ]
        seeded.shuffle(events)
        producer = self.log.producer()
        for event in events:
            producer.send(PROGRESS, event.key, encode(event))
        producer.flush()
        producer.close()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with open_smtp_sink() as opened:
        yield opened


def scene_of(folder: Path, seed: int) -> Scene:
    folder.mkdir()
    return Scene(folder, seed)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("place", PLACES)
def test_a_tracker_that_is_killed_anywhere_is_made_up_for(
    tmp_path: Path, smtp_sink: SmtpSink, place: str, n: int
) -> None:
    scene = scene_of(tmp_path / "data", seed=n)
    assert scene.run(smtp_sink.port, failpoint=f"{place}:{n}") == -signal.SIGKILL
    # The clock jumps meanwhile, in either direction: an attempt that was cut off is taken up again all the same.
    assert scene.run(smtp_sink.port, clock_seconds=HOUR if n == 1 else -HOUR) == 0
    scene.check_end()
    copies = Counter(smtp_sink.taken)
    assert len(copies) == REQUESTS * 3 * len(ADDRESSES)
    assert len({taken.message_id for taken in copies}) == len(copies)
    assert sum(copies.values()) - len(copies) == (1 if place == "notifier.mail_sent" else 0)
    scene.close()


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_and_repeated_events_have_one_result(tmp_path: Path, smtp_sink: SmtpSink, seed: int) -> None:
    scene = scene_of(tmp_path / "data", seed)
    assert scene.run(smtp_sink.port) == 0
    scene.check_end()
    assert sorted(scene.announced()) == sorted(scene.expected())
    assert set(Counter(smtp_sink.taken).values()) == {1}
    assert len(smtp_sink.taken) == REQUESTS * 3 * len(ADDRESSES)
    scene.close()
