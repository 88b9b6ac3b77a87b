"""Where Kafka is and how its clients are configured; only this module knows librdkafka's property names.

The properties are those of librdkafka's CONFIGURATION.md; comments give the reason for changed defaults.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any

from penstock.config import Secret, ServerSettings

LOG_LEVEL_WARNING = 4  # as in syslog


class SecurityProtocol(StrEnum):
    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaSettings(ServerSettings, frozen=True, kw_only=True):
    """How to reach one Kafka cluster (4.0 or newer: groups are KIP-848's).

    `session_timeout_seconds` limits the time between two polls of a running process; for a dead one the broker's
    `group.consumer.session.timeout.ms` applies.
    """

    bootstrap_servers: str  # "host:port", several joined by commas
    prefix: str = ""  # of all topics and groups, when several installations share a cluster
    replication_factor: int = 3
    client_id: str = "penstock"
    security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    username: str = ""
    password: Secret = ""
    ca_file: str = ""  # PEM; "": the system's authorities
    certificate_file: str = ""  # PEM; "": no client certificate
    key_file: str = ""
    key_password: Secret = ""
    session_timeout_seconds: float = 45.0
    delivery_timeout_seconds: float = 30.0  # of one event, including retries
    request_timeout_seconds: float = 10.0

    def client(self) -> dict[str, Any]:
        """Properties of every client; TLS and SASL only if used, since librdkafka refuses or warns otherwise."""
        properties: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "client.id": self.client_id,
            "security.protocol": self.security_protocol.value,
            "socket.timeout.ms": _ms(self.request_timeout_seconds),
            "reconnect.backoff.max.ms": 1000,  # not 10 s: reconnect quickly after an outage
            "log_level": LOG_LEVEL_WARNING,
            "logger": logging.getLogger(__name__),
        }
        if self.security_protocol in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL):
            files = {
                "ssl.ca.location": self.ca_file,
                "ssl.certificate.location": self.certificate_file,
                "ssl.key.location": self.key_file,
                "ssl.key.password": self.key_password,
            }
            properties |= {name: value for name, value in files.items() if value}
        if self.security_protocol in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL):
            properties |= {
                "sasl.mechanisms": self.sasl_mechanism.value,
                "sasl.username": self.username,
                "sasl.password": self.password,
            }
        return properties

    def producer(self) -> dict[str, Any]:
        return self.client() | {
            "acks": "all",
            "enable.idempotence": True,  # retries neither duplicate nor reorder
            "delivery.timeout.ms": _ms(self.delivery_timeout_seconds),
            "linger.ms": 0,  # a flush queues all its events at once, so there is nothing to wait for
            "batch.num.messages": 1000,  # not 10,000: consumers get whole batches, one partition after another
            "partitioner": "murmur2_random",  # the Java client's, which other services expect
        }

    def consumer(self, group: str) -> dict[str, Any]:
        return self.client() | {
            "group.id": group,
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # otherwise expired events would be skipped silently
            "max.poll.interval.ms": _ms(self.session_timeout_seconds),
            # Small, frequent fetches, so that one partition's backlog does not delay the others.
            "fetch.message.max.bytes": 64 * 1024,
            "queued.min.messages": 1000,
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": 100,  # only one fetch per broker at a time: a resumed partition waits this long
        }

    def reader(self) -> dict[str, Any]:
        """For reading without a group; librdkafka requires a group id, which is not used."""
        return self.client() | {
            "group.id": f"{self.client_id}-reader",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
