"""The faust app's settings: what a promise rests on is set, however the environment looks."""

from __future__ import annotations

import ssl
from typing import Any

import faust
import pytest

from penstock.adapters.cluster.faust_app import consumer_app
from penstock.adapters.cluster.kafka_settings import KafkaSettings, SaslMechanism, SecurityProtocol


def app_of(**settings: Any) -> faust.App:
    kafka = KafkaSettings(bootstrap_servers="one:9092, two:9093", prefix="p.", **settings)
    unused: Any = None  # the agent's body, which does not run here
    return consumer_app(kafka, "trackers", "progress", unused)


def test_the_settings_that_the_guarantees_need(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("NODE_WEB_ENABLED", "1"),
        ("WEB_ENABLED", "1"),
        ("CONSUMER_AUTO_OFFSET_RESET", "latest"),
    ):
        monkeypatch.setenv(name, value)
    conf = app_of().conf
    assert conf.id == "p.trackers"
    assert [f"{url.host}:{url.port}" for url in conf.broker] == ["one:9092", "two:9093"]
    assert not conf.web_enabled
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.processing_guarantee.value == "at_least_once"
    assert not conf.stream_wait_empty
    assert (conf.key_serializer, conf.value_serializer) == ("raw", "raw")
    assert conf.broker_session_timeout < conf.broker_request_timeout
    assert conf.broker_credentials is None


def test_the_app_writes_nothing_and_opens_no_port() -> None:
    app = app_of()
    app.finalize()
    assert len(app.tables) == 0
    started = {type(service).__name__ for service in app.on_init_dependencies()}
    assert "RewindingConsumer" in started
    assert not started & {"Producer", "Web"}


def test_a_password_goes_over_tls_that_is_checked() -> None:
    credentials = app_of(
        security_protocol=SecurityProtocol.SASL_SSL,
        sasl_mechanism=SaslMechanism.SCRAM_SHA_512,
        username="u",
        password="p",
    ).conf.broker_credentials
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.username, credentials.password, credentials.mechanism.value) == ("u", "p", "SCRAM-SHA-512")
    assert credentials.ssl_context is not None
    assert (credentials.ssl_context.verify_mode, credentials.ssl_context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_tls_without_a_password() -> None:
    credentials = app_of(security_protocol=SecurityProtocol.SSL).conf.broker_credentials
    assert isinstance(credentials, faust.SSLCredentials)
    assert credentials.context.verify_mode == ssl.CERT_REQUIRED
