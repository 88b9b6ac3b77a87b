"""A faust app that only consumes: its settings, its one topic, its one agent.

Every setting that affects correctness is set here, so that neither defaults nor faust's environment variables decide
it. The app has no table and no producer: state is in the control store, and the event log has its own producer.
"""

from __future__ import annotations

import ssl
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.types import StreamT
from faust.types.auth import CredentialsT

from penstock.adapters.cluster.faust_rewinding import RewindingTransport
from penstock.adapters.cluster.faust_stream import BATCH_EVENTS, FaustStream
from penstock.adapters.cluster.kafka_settings import KafkaSettings, SecurityProtocol

COMMIT_SECONDS = 1.0

TLS = (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)
SASL = (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


class ConsumerOnly(BootStrategy):
    """Starts only consuming services, and no producer."""

    enable_kafka_producer = False
    enable_web = False


class ConsumerApp(faust.App):
    """An app without state: no tables, hence no folders."""

    BootStrategy = ConsumerOnly

    async def on_first_start(self) -> None:
        """Do not create faust's folders for tables."""


def consumer_app(kafka: KafkaSettings, group: str, topic: str, stream: FaustStream) -> faust.App:
    """The app; it joins `group` when it starts, and ignores a topic that does not exist then."""
    app = ConsumerApp(
        kafka.prefix + group,
        env={},  # otherwise variables such as WEB_ENABLED override these settings
        autodiscover=False,
        debug=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
        **_connection(kafka),
        **_consuming(),
    )
    app.transport = RewindingTransport(app.conf.broker_consumer, app)
    # A missing value must reach the agent and become a dead letter, like any other unreadable value.
    events = app.topic(kafka.prefix + topic, key_type=bytes, value_type=bytes, allow_empty=True)

    @app.agent(events, name=group, concurrency=1)
    async def consume(delivered: StreamT[bytes]) -> None:
        await stream.consume(app, cast(faust.Stream[bytes], delivered))

    return app


def _connection(kafka: KafkaSettings) -> dict[str, Any]:
    return {
        "broker": [f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")],
        "broker_client_id": kafka.client_id,
        "broker_credentials": _credentials(kafka),
        # A join waits as long as the session timeout, and the request timeout must be longer.
        "broker_session_timeout": kafka.session_timeout_seconds,
        "broker_rebalance_timeout": kafka.session_timeout_seconds,
        "broker_heartbeat_interval": kafka.session_timeout_seconds / 3,
        "broker_request_timeout": 2 * kafka.session_timeout_seconds,
        "broker_check_crcs": True,
    }


def _consuming() -> dict[str, Any]:
    return {
        "processing_guarantee": "at_least_once",
        "consumer_auto_offset_reset": "earliest",
        "broker_commit_interval": COMMIT_SECONDS,
        "broker_commit_every": BATCH_EVENTS,
        # A rebalance revokes partitions immediately: unacknowledged events are redelivered, and an outage can be long.
        "stream_wait_empty": False,
        "stream_buffer_maxsize": 2 * BATCH_EVENTS,
        "key_serializer": "raw",  # plain bytes: no JSON, and never pickle
        "value_serializer": "raw",
        "topic_disable_leader": True,  # faust's own topic, which is not used here
    }


def _credentials(kafka: KafkaSettings) -> CredentialsT | None:
    context = _tls(kafka) if kafka.security_protocol in TLS else None
    if kafka.security_protocol in SASL:
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password,
            mechanism=kafka.sasl_mechanism.value,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def _tls(kafka: KafkaSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=kafka.ca_file or None)
    if kafka.certificate_file:
        context.load_cert_chain(kafka.certificate_file, kafka.key_file or None, kafka.key_password or None)
    return context
