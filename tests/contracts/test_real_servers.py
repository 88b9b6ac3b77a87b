"""The servers that tests run against are what they say they are, directly and through toxiproxy."""

from __future__ import annotations

import uuid

from cassandra.cluster import Cluster
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.stack.addresses import Addresses
from tests.support.s3_buckets import client_of
from tests.support.servers import Servers


def test_kafka_makes_topics_only_when_asked(kafka_address: str) -> None:
    client = AdminClient({"bootstrap.servers": kafka_address})
    asked, not_asked = f"t-{uuid.uuid4().hex}", f"t-{uuid.uuid4().hex}"
    client.create_topics([NewTopic(asked, 3, 1)])[asked].result(10)
    assert len(client.list_topics(asked, timeout=10).topics[asked].partitions) == 3
    assert client.list_topics(not_asked, timeout=10).topics[not_asked].error


def test_cassandra_is_the_version_that_is_pinned(cassandra_address: tuple[str, int]) -> None:
    host, port = cassandra_address
    with Cluster([host], port=port) as cluster:
        assert cluster.connect().execute("SELECT release_version FROM system.local").one().release_version == "5.0.5"


def test_s3_keeps_each_version(s3_address: Addresses) -> None:
    client, bucket = client_of(s3_address), f"b-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (client.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    assert client.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    assert client.get_object(Bucket=bucket, Key="k", VersionId=second)["Body"].read() == b"2"


def test_clients_that_come_through_toxiproxy_stay_there(real_servers: Servers) -> None:
    proxied = real_servers.use("kafka", "cassandra", "s3", "toxiproxy").proxied
    client = AdminClient({"bootstrap.servers": proxied.kafka})
    (broker,) = client.list_topics(timeout=10).brokers.values()
    assert f"{broker.host}:{broker.port}" == proxied.kafka
    with Cluster([proxied.cassandra[0]], port=proxied.cassandra[1]) as cluster:
        assert cluster.connect().execute("SELECT key FROM system.local").one().key == "local"
    assert "Buckets" in client_of(proxied).list_buckets()
