"""Kafka's errors as Penstock's: the one table. Each set of codes says what its users make of it.

Nothing here is ever `Refused`: that would make a dead letter of an event whose only fault is that Kafka's operator has
a credential or a right still to fix. So all that may pass is `Unavailable`, and says what to look at.
"""

from __future__ import annotations

from confluent_kafka import KafkaError

from penstock.domain.errors import Unavailable

KAFKA = "kafka"  # what an outage of it is called in metrics and logs
UNKNOWN_TOPIC = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION},
)
# The member is not, or no longer, one that may commit.
FENCED = frozenset(
    {
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._FENCED,
        KafkaError._STATE,
        KafkaError._MAX_POLL_EXCEEDED,
    }
)
# The position of a partition is not in the log, or there is none.
NO_POSITION = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,
        KafkaError._NO_OFFSET,
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError._LOG_TRUNCATION,
    }
)
_GRANT_TOPIC = "grant this user its rights on the topic (migrate: CREATE, DESCRIBE_CONFIGS, ALTER_CONFIGS)"
_HINTS = {
    KafkaError._AUTHENTICATION: "check the SASL mechanism, user name and password",
    KafkaError.SASL_AUTHENTICATION_FAILED: "check the SASL mechanism, user name and password",
    KafkaError._SSL: "check the CA file, the certificate, and that the host's name is in the broker's certificate",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _GRANT_TOPIC,
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant this user READ on the group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant this user CREATE and IDEMPOTENT_WRITE",
    KafkaError.NOT_ENOUGH_REPLICAS: "bring the missing brokers back: too few replicas are in sync",
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: "bring the missing brokers back: too few replicas are in sync",
    KafkaError.INVALID_REPLICATION_FACTOR: "set PENSTOCK_KAFKA_REPLICATION_FACTOR to no more than there are brokers",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise message.max.bytes of the topic",
    KafkaError.UNSUPPORTED_VERSION: "run Kafka 4.0 or newer: its groups are KIP-848's",
    KafkaError._UNSUPPORTED_FEATURE: "run Kafka 4.0 or newer: its groups are KIP-848's",
}
_REACH = "check that the brokers run, PENSTOCK_KAFKA_BOOTSTRAP_SERVERS, and the security protocol"


def unavailable(error: KafkaError, doing: str) -> Unavailable:
    reason = _REACH if error.code() < 0 else error.str()  # a client that gets no answer, or a broker's own words
    message = f"{doing}: Kafka answers {error.name()}; {_HINTS.get(error.code(), reason)}"
    return Unavailable(message, dependency=KAFKA)


class ErrorRecorder:
    """What librdkafka tells aside about a client's connections: the cause behind a request that timed out.

    Give `note` to a client as its `error_cb`. It is called by whichever thread polls the client.
    """

    def __init__(self) -> None:
        self.error: KafkaError | None = None

    def note(self, error: KafkaError) -> None:
        told_more = self.error is not None and self.error.code() != KafkaError._ALL_BROKERS_DOWN
        if error.fatal() or error.code() in _HINTS or (error.code() == KafkaError._ALL_BROKERS_DOWN and not told_more):
            self.error = error

    def clear(self) -> None:
        self.error = None

    def unavailable(self, error: KafkaError, doing: str) -> Unavailable:
        """What a broker answered stands for itself; what the client itself says is often only that no answer came."""
        return unavailable(self.error if self.error is not None and error.code() < 0 else error, doing)
