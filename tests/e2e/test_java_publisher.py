"""Another service, in Java, has its file ingested by a whole Penstock on the real servers, and hears the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.stack import Stack
from penstock.adapters.cluster.s3_client import connect_s3
from penstock.domain.requests.request import Status
from penstock.wiring.uploads import publishers_of
from tests.support import messy_file
from tests.support.access import create_publisher
from tests.support.installation import Installation, installation
from tests.support.invariant import check_profiles, check_request, dead_letters, expected
from tests.support.java_publisher import JavaPublisher
from tests.support.s3_buckets import client_of, new_bucket
from tests.support.servers import Servers

URL_SECONDS = 600


@pytest.fixture
def stack(real_servers: Servers) -> Stack:
    return real_servers.use("kafka", "cassandra", "s3")


@pytest.fixture
def place(stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """Every service that an offer needs."""
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        place.start("uploader", ["--port", "0"])
        for kind in ("dispatcher", "worker", "tracker"):
            place.start(kind)
        yield place


def test_a_java_service_has_its_file_ingested(tmp_path: Path, stack: Stack, place: Installation) -> None:
    java, system = JavaPublisher(), place.system
    bucket = new_bucket(stack.addresses)
    uri, file = f"s3://{bucket.bucket}/shop/people.tsv", tmp_path / "people.tsv"
    there = {"Bucket": bucket.bucket, "Key": "shop/people.tsv"}
    file.write_bytes(messy_file.BODY)
    key, publisher = create_publisher(publishers_of(system), messy_file.TENANT, "shop", [f"s3://{bucket.bucket}/shop/"])
    output = {
        "kafka": stack.addresses.kafka,
        "prefix": place.fleet.variables["PENSTOCK_KAFKA_PREFIX"],
        "put_url": connect_s3(bucket).generate_presigned_url("put_object", Params=there, ExpiresIn=URL_SECONDS),
        "file": file,
        "tenant_id": messy_file.TENANT,
        "publisher_id": publisher.publisher_id,
        "object_uri": uri,
        "file_name": "people.tsv",
        "data_source": "crm",
    }
    forged = java.run("offer", **output, key=bytes(32).hex(), event_id="forged")
    assert forged.returncode == 0, forged.stderr
    ran = java.run("publish", **output, key=key.hex(), event_id="monday")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"status": "COMPLETED"' in ran.stdout.splitlines()[-1]
    (request,) = system.requests.list(messy_file.TENANT)
    assert (request.status, request.event_id) == (Status.COMPLETED, "monday")
    check_request(system, request, expected(request, messy_file.BODY))
    check_profiles(system, [expected(request, messy_file.BODY)])
    file.write_bytes(b"nothing\tof\tit\n1\t2\t3\n")
    refused = java.run("publish", **output, key=key.hex(), event_id="tuesday")
    assert refused.returncode == 1, refused.stderr
    assert '"problem_code": "' in refused.stdout.splitlines()[-1]
    assert [letter.reason for letter in dead_letters(place)] == ["wrong_signature"]
    assert client_of(stack.addresses).get_object(**there)["Body"].read() == file.read_bytes()
