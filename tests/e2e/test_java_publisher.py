"""Another service, in Java, has its file ingested by way of the real Kafka and S3, and hears the end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.cluster.s3_client import connect_s3
from penstock.adapters.cluster.s3_foreign_objects import S3ForeignObjects
from penstock.config import Settings
from penstock.domain.event_codec import decode
from penstock.domain.events import DEAD_LETTER, DeadLetter
from penstock.domain.request import Status
from penstock.wiring import System, embedded
from penstock.wiring.system import topics
from services.row_processor.main import splitter_loop, worker_loop
from services.status_tracker.main import tracker_loop
from services.uploader.offers import offers_loop, publishers_of
from tests.simulation.invariant import check_profiles, check_request
from tests.support import messy_file
from tests.support.aftermath import expected
from tests.support.java_publisher import JavaPublisher
from tests.support.s3_buckets import client_of, new_bucket
from tests.support.servers import Servers

URL_SECONDS = 600


@pytest.fixture
def addresses(real_servers: Servers) -> Addresses:
    return real_servers.use("kafka", "s3").addresses


@pytest.fixture
def kafka(addresses: Addresses) -> KafkaSettings:
    """A corner of the broker's that is this test's alone."""
    prefix = f"t-{uuid.uuid4().hex[:12]}."
    return KafkaSettings(bootstrap_servers=addresses.kafka, prefix=prefix, replication_factor=1)


@contextmanager
def running(data: Path, kafka: KafkaSettings, foreign: S3ForeignObjects) -> Iterator[System]:
    """Every service that an offer needs, on Kafka; what they store is in `data`."""
    system = embedded(Settings(data=data, chunk_bytes=messy_file.CHUNK_BYTES))
    system.log.close()
    system = system._replace(log=KafkaEventLog(kafka))
    system.log.create_topics(topics(system.settings))
    loops = [offers_loop(system, foreign), splitter_loop(system), worker_loop(system), tracker_loop(system)]
    threads = [threading.Thread(target=loop.run) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield system
    finally:
        for loop in loops:
            loop.stop()
        for thread in threads:
            thread.join()
        system.close()


def dead_letters(system: System) -> list[DeadLetter]:
    found = [decode(DEAD_LETTER, message.value) for message in system.log.read(DEAD_LETTER, 0, 0, 100)]
    return [letter for letter in found if isinstance(letter, DeadLetter)]


def test_a_java_service_has_its_file_ingested(tmp_path: Path, addresses: Addresses, kafka: KafkaSettings) -> None:
    java = JavaPublisher()
    bucket = new_bucket(addresses)
    uri, file = f"s3://{bucket.bucket}/shop/people.tsv", tmp_path / "people.tsv"
    place = {"Bucket": bucket.bucket, "Key": "shop/people.tsv"}
    put_url = connect_s3(bucket).generate_presigned_url("put_object", Params=place, ExpiresIn=URL_SECONDS)
    file.write_bytes(messy_file.BODY)
    with running(tmp_path / "data", kafka, S3ForeignObjects(bucket)) as system:
        messy_file.form(system)
        key, publisher = publishers_of(system).create(messy_file.TENANT, "shop", [f"s3://{bucket.bucket}/shop/"])
        said = {
            "kafka": kafka.bootstrap_servers,
            "prefix": kafka.prefix,
            "put_url": put_url,
            "file": file,
            "tenant_id": messy_file.TENANT,
            "publisher_id": publisher.publisher_id,
            "object_uri": uri,
            "file_name": "people.tsv",
            "data_source": "crm",
        }
        forged = java.run("offer", **said, key=bytes(32).hex(), event_id="forged")
        assert forged.returncode == 0, forged.stderr
        ran = java.run("publish", **said, key=key.hex(), event_id="monday")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert '"status": "COMPLETED"' in ran.stdout.splitlines()[-1]
        (request,) = system.requests.list(messy_file.TENANT)
        assert (request.status, request.event_id) == (Status.COMPLETED, "monday")
        check_request(system, request, expected(request, messy_file.BODY))
        check_profiles(system, [expected(request, messy_file.BODY)])
        file.write_bytes(b"nothing\tof\tit\n1\t2\t3\n")
        refused = java.run("publish", **said, key=key.hex(), event_id="tuesday")
        assert refused.returncode == 1, refused.stderr
        assert '"problem_code": "' in refused.stdout.splitlines()[-1]
        assert [letter.reason for letter in dead_letters(system)] == ["wrong_signature"]
    assert client_of(addresses).get_object(**place)["Body"].read() == file.read_bytes()
