"""Maps Kafka's errors to Penstock's, with the sets of codes that callers distinguish.

No error becomes `Refused`: a wrong credential or a missing right in Kafka must not turn an event into a dead letter. So
all errors that may pass become `Unavailable`, with a hint what to check.
"""

from __future__ import annotations

from confluent_kafka import KafkaError

from penstock.domain.errors import Unavailable

KAFKA = "kafka"  # the dependency's name in metrics and logs
UNKNOWN_TOPIC = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION},
)
# The member may not commit, or no longer.
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
# A partition's position is missing or not in the log.
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


def unavailable(error: KafkaError, action: str) -> Unavailable:
    reason = _REACH if error.code() < 0 else error.str()  # no response, or the broker's message
    message = f"{action}: Kafka answers {error.name()}; {_HINTS.get(error.code(), reason)}"
    return Unavailable(message, dependency=KAFKA)


class ErrorRecorder:
    """Records librdkafka's errors about a client's connections: the cause of a request that timed out.

    Pass `record` to a client as its `error_cb`. The thread that polls the client calls it.
    """

    def __init__(self) -> None:
        self.error: KafkaError | None = None

    def record(self, error: KafkaError) -> None:
        has_specific_error = self.error is not None and self.error.code() != KafkaError._ALL_BROKERS_DOWN
        if (
            error.fatal()
            or error.code() in _HINTS
            or (error.code() == KafkaError._ALL_BROKERS_DOWN and not has_specific_error)
        ):
            self.error = error

    def clear(self) -> None:
        self.error = None

    def unavailable(self, error: KafkaError, action: str) -> Unavailable:
        """Uses the recorded cause in place of the client's own errors, which often only report a timeout."""
        return unavailable(self.error if self.error is not None and error.code() < 0 else error, action)
