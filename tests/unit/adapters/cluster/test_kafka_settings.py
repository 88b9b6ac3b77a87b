"""The configuration of Kafka's clients follows from the settings."""

import pytest
from confluent_kafka import Consumer, KafkaError, Producer

from penstock.adapters.cluster.kafka_errors import ErrorRecorder
from penstock.adapters.cluster.kafka_settings import KafkaSettings, SaslMechanism, SecurityProtocol

HERE = "127.0.0.1:9"
SECRETS = {"username": "penstock", "password": "open sesame", "ca_file": "ca.pem", "key_file": "key.pem"}


@pytest.mark.parametrize("protocol", list(SecurityProtocol))
def test_tls_and_credentials_are_configured_where_they_are_used(protocol: SecurityProtocol) -> None:
    properties = KafkaSettings(bootstrap_servers=HERE, security_protocol=protocol, **SECRETS).client()
    assert properties["security.protocol"] == protocol.value
    assert ("ssl.ca.location" in properties) == ("SSL" in protocol.value.split("_"))
    assert ("sasl.password" in properties) == protocol.value.startswith("SASL")


def test_files_without_a_setting_are_not_configured() -> None:
    properties = KafkaSettings(bootstrap_servers=HERE, security_protocol=SecurityProtocol.SSL).client()
    assert not [name for name in properties if name.startswith("ssl.")]


@pytest.mark.parametrize("mechanism", list(SaslMechanism))
def test_librdkafka_takes_every_property(mechanism: SaslMechanism) -> None:
    settings = KafkaSettings(
        bootstrap_servers=HERE,
        security_protocol=SecurityProtocol.SASL_PLAINTEXT,
        sasl_mechanism=mechanism,
        username="u",
        password="p",
    )
    Producer(settings.producer()).purge()  # made without a complaint
    for properties in (settings.consumer("g"), settings.reader()):
        consumer = Consumer(properties)
        assert consumer.assignment() == []
        consumer.close()


class TestTrouble:
    """The cause is reported separately; the request that suffers from it only times out."""

    timed_out = KafkaError(KafkaError._TIMED_OUT)

    def test_the_cause_of_a_timeout_is_reported(self) -> None:
        error_recorder = ErrorRecorder()
        error_recorder.record(KafkaError(KafkaError._AUTHENTICATION))
        error_recorder.record(KafkaError(KafkaError._ALL_BROKERS_DOWN))  # follows from it
        assert "user name and password" in str(error_recorder.unavailable(self.timed_out, "sending"))

    def test_the_answer_of_a_broker_is_reported(self) -> None:
        error_recorder = ErrorRecorder()
        error_recorder.record(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        refused = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
        assert "READ on the group" in str(error_recorder.unavailable(refused, "polling"))

    def test_one_broker_that_is_away_is_no_trouble(self) -> None:
        error_recorder = ErrorRecorder()
        error_recorder.record(KafkaError(KafkaError._TRANSPORT))
        assert error_recorder.error is None

    def test_an_error_is_forgotten_when_it_is_over(self) -> None:
        error_recorder = ErrorRecorder()
        error_recorder.record(KafkaError(KafkaError._SSL))
        error_recorder.clear()
        assert "check that the brokers run" in str(error_recorder.unavailable(self.timed_out, "sending"))
