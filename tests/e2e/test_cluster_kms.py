"""A cluster with a key per tenant in KMS: made with the tenant's first file, and destroyed by a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from penstock.domain.errors import KeyRevoked
from penstock.domain.requests.request import Status
from tests.support.installation import Installation, installation
from tests.support.servers import Servers

ALIAS = "alias/penstock-{tenant}"


@pytest.fixture
def kms_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(real_servers: Servers, kms_url: str, tmp_path: Path) -> Iterator[Installation]:
    stack = real_servers.use("kafka", "cassandra", "s3")
    kms = {"kms_key_id": ALIAS, "kms_endpoint_url": kms_url, "kms_access_key": "a", "kms_secret_key": "b"}
    with installation(tmp_path, stack.addresses, [stack.folder], **kms) as place:
        yield place


def test_a_tenants_key_is_made_used_and_destroyed(place: Installation, kms_url: str) -> None:
    kms = boto3.client(
        "kms", endpoint_url=kms_url, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
    for service in ("dispatcher", "worker", "tracker"):
        place.start(service)
    assert place.finished(place.upload()).status is Status.COMPLETED
    assert kms.describe_key(KeyId=ALIAS.replace("{tenant}", "default"))["KeyMetadata"]["KeyState"] == "Enabled"
    place.end(*place.fleet.processes)
    waiting = place.upload()
    place.fleet.run("tenant", "destroy-key", "default", "--yes")
    assert kms.describe_key(KeyId=ALIAS.replace("{tenant}", "default"))["KeyMetadata"]["KeyState"] == "PendingDeletion"
    for service in ("dispatcher", "worker", "tracker"):
        place.start(service)
    failed = place.finished(waiting)
    assert failed.error
    assert (failed.status, failed.error.code) == (Status.FAILED, "tenant_key_destroyed")
    place.system.keys.close()  # as after a few seconds
    with pytest.raises(KeyRevoked):
        place.upload()
    (verified,) = place.fleet.run("verify")["tenants"]
    assert (verified["tenant_id"], verified["state"]) == ("default", "destroyed")
