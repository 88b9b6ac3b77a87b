"""A dependency that comes and goes is reported once each time, however many parts of a service notice."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from penstock.application.health.dependencies import RECOVERY_SECONDS, Dependencies, outage
from penstock.domain.errors import Unavailable
from penstock.runner.dependency_metrics import DependencyMetrics

AWAY = {"kafka": "Kafka answers nothing; check that the brokers run"}


def test_an_outage_gives_one_line_when_it_begins_and_one_when_it_ends() -> None:
    dependencies = Dependencies(recovery_seconds=0)
    with capture_logs() as lines:
        for attempt in range(100):
            dependencies.report("probe", {"kafka": f"try {attempt} has failed"})
            dependencies.report("consumer", AWAY)
        dependencies.report("probe", {})
        dependencies.report("consumer", {})
    assert [(line["event"], line["dependency"]) for line in lines] == [
        ("dependency.unavailable", "kafka"),
        ("dependency.available", "kafka"),
    ]


def test_an_outage_that_needs_an_operator_is_logged_as_an_error() -> None:
    dependencies = Dependencies()
    with capture_logs() as lines:
        dependencies.report("probe", AWAY)
        dependencies.report("consumer", {"key_file": "the key is not in it"})
    assert [(line["dependency"], line["log_level"]) for line in lines] == [("kafka", "warning"), ("key_file", "error")]


def test_a_dependency_is_available_again_when_every_reporter_agrees() -> None:
    dependencies = Dependencies(recovery_seconds=0)
    dependencies.report("probe", AWAY)
    dependencies.report("consumer", {"kafka": "sending 1 events: no answer"})
    dependencies.report("probe", {})
    assert dependencies.problems() == [AWAY["kafka"]]
    dependencies.report("consumer", {})
    assert dependencies.problems() == []


def test_a_change_callback_gets_all_outages_in_place_of_a_log_line() -> None:
    changes: list[dict[str, str]] = []
    dependencies = Dependencies(changed=lambda outages: changes.append(dict(outages)), recovery_seconds=0)
    with capture_logs() as lines:
        dependencies.report("consumer", AWAY)
        dependencies.report("consumer", AWAY | {"s3": "away"})
        dependencies.report("consumer", {})
    assert (changes, lines) == ([AWAY, AWAY | {"s3": "away"}, {}], [])


def test_an_outage_of_an_unnamed_dependency_is_reported() -> None:
    assert outage(Unavailable("away")) == {"other": "away"}
    assert outage(Unavailable("away", dependency="smtp")) == {"smtp": "away"}


def test_the_metric_shows_each_known_dependency() -> None:
    dependencies = Dependencies(recovery_seconds=0)
    dependencies.expect("cassandra")
    dependencies.report("probe", AWAY)
    (metric,) = DependencyMetrics(dependencies).collect()
    assert {sample.labels["dependency"]: sample.value for sample in metric.samples} == {"cassandra": 1.0, "kafka": 0.0}


def test_a_flapping_dependency_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients find a server again one after the other."""
    now = 0.0
    monkeypatch.setattr("penstock.application.health.dependencies.time.monotonic", lambda: now)
    dependencies = Dependencies()
    with capture_logs() as lines:
        for outages in (AWAY, {}, AWAY, {}, AWAY, {}):
            dependencies.report("consumer", outages)
            now += RECOVERY_SECONDS / 2
        assert dependencies.problems() == [AWAY["kafka"]]
        now += RECOVERY_SECONDS / 2
        assert dependencies.problems() == []
    assert [(line["event"], line.get("seconds")) for line in lines] == [
        ("dependency.unavailable", None),
        ("dependency.available", 2.5 * RECOVERY_SECONDS),
    ]
