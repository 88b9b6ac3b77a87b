"""Where Kafka is and how its clients are set up: the one place that knows librdkafka's property names.

The properties are those of librdkafka's CONFIGURATION.md. What is set against its defaults, and why, stands beside it.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any

from penstock.config import Secret, ServerSettings

LOG_LEVEL_WARNING = 4  # as syslog counts


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

    `session_timeout_seconds` is how long a living process may go without a poll; how long a dead one is missed
    is the broker's to say (`group.consumer.session.timeout.ms`).
    """

    bootstrap_servers: str  # "host:port", several joined by commas
    prefix: str = ""  # of every topic's and group's name, where several installations share one cluster
    replication_factor: int = 3
    client_id: str = "penstock"
    security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    username: str = ""
    password: Secret = ""
    ca_file: str = ""  # PEM; "" trusts the system's authorities
    certificate_file: str = ""  # PEM; "" shows no certificate of its own
    key_file: str = ""
    key_password: Secret = ""
    session_timeout_seconds: float = 45.0
    delivery_timeout_seconds: float = 30.0  # of one event, retries included
    request_timeout_seconds: float = 10.0

    def client(self) -> dict[str, Any]:
        """What every client needs. TLS and SASL only where they are used: librdkafka refuses or warns otherwise."""
        properties: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "client.id": self.client_id,
            "security.protocol": self.security_protocol.value,
            "socket.timeout.ms": _ms(self.request_timeout_seconds),
            "reconnect.backoff.max.ms": 1000,  # not 10 s: a broker that is back is wanted
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
            "enable.idempotence": True,  # retries neither double nor reorder
            "delivery.timeout.ms": _ms(self.delivery_timeout_seconds),
            "linger.ms": 0,  # all that a flush sends is queued at once: there is nothing to wait for
            "batch.num.messages": 1000,  # not 10,000: consumers are handed whole batches, one partition after another
            "partitioner": "murmur2_random",  # the Java client's, so that keys land where other services expect them
        }

    def consumer(self, group: str) -> dict[str, Any]:
        return self.client() | {
            "group.id": group,
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # else expired events are jumped over without a word
            "max.poll.interval.ms": _ms(self.session_timeout_seconds),
            # Small helpings, asked for often, so that one partition's backlog does not hold up the others'.
            "fetch.message.max.bytes": 64 * 1024,
            "queued.min.messages": 1000,
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": 100,  # a broker is asked once at a time: a partition that is resumed waits for this
        }

    def reader(self) -> dict[str, Any]:
        """For reading without a group: the name is demanded, and never used."""
        return self.client() | {
            "group.id": f"{self.client_id}-reader",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
