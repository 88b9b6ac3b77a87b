"""Lines of drivers that say the same over and over while a server is away."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from penstock.logs import MAX_REMEMBERED_LINES, MEASUREMENT, REPEATED_SECONDS, SUPPRESSED_LINES, RepetitionFilter
from tests.support.cost import MOST_SECONDS, seconds

# As librdkafka, aiokafka and the driver of Cassandra say it.
REFUSED = "FAIL [penstock#consumer-3] [thrd:127.0.0.1:9092/1]: Connect failed (after %dms in state UP)"
SUPPRESSED = "FAIL [penstock#consumer-3] [thrd:127.0.0.1:9092/1]: Connect failed, %d identical error(s) suppressed"
RECONNECT = "Error attempting to reconnect to 10.0.0.1:9042, scheduling retry in %.1f seconds"
SERVICE = """
import logging
from penstock.logs import REPEATED_SECONDS, configure

configure("info", "test")
for at in (0.0, 1.0, 2.0, REPEATED_SECONDS):
    record = logging.LogRecord("driver", logging.WARNING, "file.py", 1, "away for %d seconds", (at,), None)
    record.created = 1_000_000 + at
    logging.getLogger("driver").handle(record)
"""
NODE_DOWN = "Host 10.0.0.%d:9042 has been marked down"


def line(text: str, *values: float, at: float = 0.0, name: str = "driver") -> logging.LogRecord:
    record = logging.LogRecord(name, logging.WARNING, "file.py", 1, text, values, None)
    record.created = 1_000_000 + at
    return record


@pytest.mark.parametrize("text", [REFUSED, SUPPRESSED, RECONNECT])
def test_a_repeated_line_is_suppressed_and_counted(text: str) -> None:
    once = RepetitionFilter()
    assert once.filter(line(text, 0))
    assert not any(once.filter(line(text, count, at=count)) for count in range(1, int(REPEATED_SECONDS)))
    later = line(text, 7, at=REPEATED_SECONDS)
    assert once.filter(later)
    assert getattr(later, SUPPRESSED_LINES) == REPEATED_SECONDS - 1
    last = line(text, 7, at=3 * REPEATED_SECONDS)
    assert once.filter(last)
    assert not hasattr(last, SUPPRESSED_LINES)


def test_lines_of_other_servers_and_libraries_are_logged() -> None:
    once = RepetitionFilter()
    assert all(once.filter(line(NODE_DOWN, node)) for node in (1, 2, 3))
    assert all(once.filter(line("away", name=name)) for name in ("cassandra", "aiokafka"))


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    once = RepetitionFilter()
    assert once.filter(line("away", at=3600))
    assert once.filter(line("away"))


def test_the_number_of_remembered_lines_is_bounded() -> None:
    once = RepetitionFilter()
    assert all(once.filter(line("event %d", number)) for number in range(MAX_REMEMBERED_LINES))
    assert not once.filter(line("event 0"))
    assert once.filter(line("one more"))
    assert once.filter(line("event 0"))


def test_a_service_logs_how_many_lines_were_left_out() -> None:
    """In a process of its own, since its logs are the whole process's."""
    done = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, check=True)
    reported = [json.loads(each) for each in done.stderr.splitlines()]
    assert [each.get(SUPPRESSED_LINES) for each in reported] == [None, 2]
    assert {each["level"] for each in reported} == {"warning"}


def test_figures_are_found_anywhere_in_a_line() -> None:
    assert MEASUREMENT.sub("", "in 1.25 ms, 12s, 3.5 seconds and 7 identical; 10.0.0.12 12x 1.5") == (
        "in  ms, s,  seconds and  identical; 10.0.0.12 12x 1.5"
    )


@pytest.mark.parametrize("run", ["1", "1.", "1 ", "1m"])
def test_no_line_costs_much(run: str) -> None:
    assert seconds(lambda: MEASUREMENT.sub("", run * (32_768 // len(run)))) < MOST_SECONDS


def test_each_line_names_its_service_and_the_instance_of_it() -> None:
    """Penstock's own lines, and those of its libraries."""
    output = """
import logging, os, socket, structlog
from penstock.logs import configure

configure("info", "worker")
structlog.get_logger().info("chunk.done")
logging.getLogger("driver").warning("away")
print(f"{socket.gethostname()}:{os.getpid()}")
"""
    done = subprocess.run([sys.executable, "-c", output], capture_output=True, text=True, check=True)
    reported = [json.loads(each) for each in done.stderr.splitlines()]
    named = [(each["event"], each["service"], each["instance"]) for each in reported]
    assert named == [(event, "worker", done.stdout.strip()) for event in ("chunk.done", "away")]


@pytest.mark.parametrize(("level", "lines"), [("info", 0), ("debug", 2)])
def test_drivers_tell_of_each_try_at_level_debug_alone(level: str, lines: int) -> None:
    script = f"from penstock.logs import configure; import logging; configure({level!r}, 'test')\n"
    for name in ("cassandra.cluster", "penstock.adapters.cluster.kafka_settings"):
        script += f"logging.getLogger({name!r}).error('away')\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) == lines
