"""The cluster runtime: Kafka, S3 and Cassandra, configured by PENSTOCK_KAFKA_*, PENSTOCK_S3_*, PENSTOCK_CASSANDRA_*.

The embedded runtime does not import it, because loading these clients is slow.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from penstock.adapters.authority_file import read_authority
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_durability import check_durability
from penstock.adapters.cluster.cassandra_errors import CASSANDRA
from penstock.adapters.cluster.cassandra_profile_store import CassandraProfileStore
from penstock.adapters.cluster.cassandra_schema import VERSION, check_version, probe_cassandra
from penstock.adapters.cluster.cassandra_schema import migrate as migrate_cassandra
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.adapters.cluster.kafka_errors import KAFKA
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_lag import KafkaLag
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.cluster.kms import KMS, KmsSettings
from penstock.adapters.cluster.kms_key_vault import KmsKeyVault
from penstock.adapters.cluster.s3_client import S3, S3Settings
from penstock.adapters.cluster.s3_external_objects import ExternalS3Settings, S3ExternalObjects
from penstock.adapters.cluster.s3_object_store import S3ObjectStore
from penstock.adapters.file_key_vault import FileKeyVault
from penstock.adapters.key_file import FIND_FILE
from penstock.adapters.system_clock import SystemClock
from penstock.adapters.withheld import Withheld
from penstock.application.consuming.processing import Handler
from penstock.application.encryption.authenticated_store import AuthenticatedStore
from penstock.application.encryption.key_states import key_file_probe, try_vault
from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Probe
from penstock.config import Settings, load_section
from penstock.domain.days import DAY_US
from penstock.domain.errors import Conflict, NotFound, Refused, refusal
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore
from penstock.ports.external_objects import ExternalObjects
from penstock.ports.key_vault import KeyVault
from penstock.ports.object_store import ObjectStore
from penstock.runner.periodic import Periodic
from penstock.runner.watchdog import CHECK_SECONDS, Watchdog
from penstock.wiring.system import Adapters, Random, System, join, retention_days, topics

if TYPE_CHECKING:
    from penstock.adapters.cluster.faust_consumer import FaustConsumer

FIND_EITHER_FILE = (
    f"{FIND_FILE}; a service without keys, or with keys in KMS, needs PENSTOCK_AUTHORITY_FILE instead, which"
    " `penstock key-file authority` creates"
)
KMS_PROBE_INTERVAL_SECONDS = 30.0  # each call costs money, and keys in use are cached


class _Files(NamedTuple):
    """The adapters of services that open files."""

    objects: ObjectStore
    vault: KeyVault
    external: ExternalObjects | None
    probes: tuple[Probe, ...]
    abort_unfinished: Callable[[], None]


def cluster(
    settings: Settings,
    *,
    random: Random = os.urandom,
    dependencies: Dependencies | None = None,
    opens_files: bool = True,
) -> System:
    """The system on its servers. Raises `Unavailable` while one is, `Refused` for errors that an operator must fix."""
    with ExitStack() as opened:
        log = KafkaEventLog(kafka_settings())
        opened.callback(log.close)
        for topic, partitions in topics(settings).items():
            _check_topic(log, topic, partitions)
        session = CassandraSession(load_section(CassandraSettings, "cassandra"))
        opened.callback(session.close)
        check_version(session)
        check_durability(session)
        clock = SystemClock()
        control = AuthenticatedStore(CassandraControlStore(session), _authority(settings))
        files = _files(settings, control, clock) if opens_files else _no_files()
        adapters = Adapters(
            log=log,
            control=control,
            objects=files.objects,
            profiles=CassandraProfileStore(session),
            vault=files.vault,
            external=files.external,
            probes=(
                Probe(KAFKA, log.probe),
                Probe(CASSANDRA, lambda: probe_cassandra(session)),
                *files.probes,
            ),
        )
        system = join(
            settings, adapters, clock=clock, random=random, upkeep=files.abort_unfinished, dependencies=dependencies
        )
        opened.pop_all()  # the system closes them from now on
        return system


def _files(settings: Settings, control: ControlStore, clock: Clock) -> _Files:
    s3, vault = load_section(S3Settings, "s3"), _vault(settings)
    objects = S3ObjectStore(s3)

    def abort_unfinished() -> None:
        """Abort multipart uploads of dead processes; a running one ends within a day."""
        objects.abort_unfinished(clock.now_us() - DAY_US)

    external = S3ExternalObjects(load_section(ExternalS3Settings, "external_s3").over(s3))
    return _Files(objects, vault, external, (Probe(S3, objects.probe), _vault_probe(vault, control)), abort_unfinished)


def _no_files() -> _Files:
    """Placeholders; reads none of their settings."""
    objects, vault = cast(ObjectStore, Withheld("the object store")), cast(KeyVault, Withheld("keys"))
    return _Files(objects, vault, None, (), lambda: None)


class Migrated(NamedTuple):
    """The current version of the schema, and the topics whose retention was extended."""

    version: int
    retention_days: dict[str, int]


def migrate(settings: Settings) -> Migrated:
    """Create or upgrade keyspace, tables and topics; existing data stays."""
    migrate_cassandra(load_section(CassandraSettings, "cassandra"))
    with closing(KafkaEventLog(kafka_settings())) as log:
        try:
            log.create_topics(topics(settings), retention_days(settings))
        except Conflict as error:
            raise _too_few(str(error)) from error
        return Migrated(VERSION, log.lengthen_retention(retention_days(settings)))


def stream_consumer(system: System, *, group: str, topic: str, handle: Handler) -> tuple[FaustConsumer, Periodic]:
    """A faust consumer that passes the events of `topic` to `handle`, and its watchdog."""
    from penstock.adapters.cluster.faust_consumer import FaustConsumer  # noqa: PLC0415 - takes a second to load

    kafka = kafka_settings()
    consumer = FaustConsumer(
        kafka=kafka,
        group=group,
        topic=topic,
        handle=handle,
        events=system.log,
        clock=system.clock,
        dependencies=system.dependencies,
    )
    watchdog = Watchdog(
        topic=topic,
        lags=KafkaLag(kafka, group=group, topic=topic, partitions=system.log.partitions(topic)),
        assigned=lambda: consumer.assigned,
        is_expected_stall=consumer.is_expected_stall,
        clock=system.clock,
    )
    return consumer, Periodic("watchdog", watchdog.check, CHECK_SECONDS, dependencies=system.dependencies)


def kafka_settings() -> KafkaSettings:
    return load_section(KafkaSettings, "kafka")


def _vault(settings: Settings) -> KeyVault:
    """AWS KMS if a key is configured, otherwise a mounted secret."""
    if "PENSTOCK_KMS_KEY_ID" in os.environ:
        return KmsKeyVault(load_section(KmsSettings, "kms"))
    return FileKeyVault(_key_file(settings), create=False, when_missing=FIND_FILE)


def _authority(settings: Settings) -> bytes:
    """The authority key, which is in the key file unless it has a file of its own."""
    if settings.authority_file:
        return read_authority(Path(settings.authority_file))
    return read_authority(_key_file(settings), FIND_EITHER_FILE)


def _key_file(settings: Settings) -> Path:
    return Path(settings.key_file or settings.data / "keys.json")


def _vault_probe(vault: KeyVault, control: ControlStore) -> Probe:
    if isinstance(vault, KmsKeyVault):
        check = (lambda: try_vault(control, vault)) if vault.is_key_per_tenant else vault.probe
        return Probe(KMS, check, KMS_PROBE_INTERVAL_SECONDS)
    return key_file_probe(control, vault)


def _check_topic(log: KafkaEventLog, topic: str, partitions: int) -> None:
    try:
        count = log.partitions(topic)
    except NotFound as error:
        raise refusal("topic_missing", str(error), "Run `penstock migrate`.") from error
    if count < partitions:
        raise _too_few(f"topic {log.name(topic)} has {count} partitions, fewer than {partitions}")


def _too_few(message: str) -> Refused:
    hint = "Add partitions with Kafka's own tool, or set PENSTOCK_CHUNK_PARTITIONS to that number."
    return refusal("too_few_partitions", message, hint)
