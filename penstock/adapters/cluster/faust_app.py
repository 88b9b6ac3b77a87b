"""A faust app that only consumes: its settings, its one topic, its one agent.

Every setting on which a promise rests is set here: no default decides it, nor do faust's own environment variables.
It has no table and no producer: state belongs in the control store, and events go out by the event log's own producer.
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
    """Starts what consumes, and nothing that writes."""

    enable_kafka_producer = False
    enable_web = False


class ConsumerApp(faust.App):
    """An app that keeps nothing: no table, so no folder either."""

    BootStrategy = ConsumerOnly

    async def on_first_start(self) -> None:
        """Make none of the folders in which faust keeps tables."""


def consumer_app(kafka: KafkaSettings, group: str, topic: str, stream: FaustStream) -> faust.App:
    """The app; it joins `group` when it is started, and ignores a topic that is not there by then."""
    app = ConsumerApp(
        kafka.prefix + group,
        env={},  # else WEB_ENABLED, CONSUMER_AUTO_OFFSET_RESET and their like win over what stands here
        autodiscover=False,
        debug=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
        **_connection(kafka),
        **_consuming(),
    )
    app.transport = RewindingTransport(app.conf.broker_consumer, app)
    # A value that is missing must reach the agent, and lead to a dead letter, like any other that cannot be read.
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
        # A join waits as long as a session may be silent, and a request must outlast it.
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
        # A rebalance takes partitions away at once: what was not acknowledged comes again, and an outage can be long.
        "stream_wait_empty": False,
        "stream_buffer_maxsize": 2 * BATCH_EVENTS,
        "key_serializer": "raw",  # bytes in, bytes out: no JSON, and never pickle
        "value_serializer": "raw",
        "topic_disable_leader": True,  # a topic of faust's own, of which nothing here makes use
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
