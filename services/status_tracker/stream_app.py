"""The status tracker's faust app: its settings, its one topic, its one table, its one agent.

Every setting on which a promise rests is set here: no default decides it, nor do faust's own environment variables.
The producer writes the table's changelog; what the tracker announces goes out by the event log's own.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, cast

import faust
from faust.types import StreamT
from faust.types.auth import CredentialsT

from penstock.adapters.cluster.kafka_settings import KafkaSettings, SecurityProtocol
from penstock.domain.events import PROGRESS
from services.status_tracker.live_view import LiveView
from services.status_tracker.progress_stream import BATCH_EVENTS, ProgressStream
from services.status_tracker.rewinding import RewindingTransport

TABLE = "under-way"
COMMIT_SECONDS = 1.0
STORE_BYTES = 4 * 1024 * 1024  # of cache, and of what is not on disk yet, for each partition

TLS = (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)
SASL = (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


def stream_app(kafka: KafkaSettings, group: str, folder: Path, partitions: int, progress: ProgressStream) -> faust.App:
    """The app; it joins `group` when it is started, and ignores a topic that is not there by then.

    `folder` is this process's alone; `partitions` is how many the topic has, so that the table has as many.
    """
    app = faust.App(
        kafka.prefix + group,
        env={},  # else WEB_ENABLED, CONSUMER_AUTO_OFFSET_RESET and their like win over what stands here
        autodiscover=False,
        datadir=str(folder),
        debug=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
        **_connection(kafka),
        **_consuming(),
        **_changelog(kafka, partitions),
    )
    app.transport = RewindingTransport(app.conf.broker_consumer, app)
    table = app.Table(
        TABLE,
        key_type=bytes,
        value_type=bytes,
        partitions=partitions,
        options={
            "driver": "rocksdict",
            "block_cache_size": STORE_BYTES,
            "write_buffer_size": STORE_BYTES,
            "max_open_files": 64,
        },
    )
    view = LiveView(table)
    # A value that is missing must reach the agent, and lead to a dead letter, like any other that cannot be read.
    topic = app.topic(kafka.prefix + PROGRESS, key_type=bytes, value_type=bytes, allow_empty=True)

    @app.agent(topic, name="tracker", concurrency=1)
    async def track(stream: StreamT[bytes]) -> None:
        await progress.consume(app, view, cast(faust.Stream[bytes], stream))

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
    }


def _changelog(kafka: KafkaSettings, partitions: int) -> dict[str, Any]:
    return {
        "store": "rocksdb://",
        "producer_acks": -1,  # all that are in sync
        "table_standby_replicas": 0,  # a view that is gone is read anew
        "topic_disable_leader": True,
        "topic_allow_declare": True,
        "topic_partitions": partitions,
        "topic_replication_factor": kafka.replication_factor,
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
