"""A bucket keeps the contract of an object store, on a real server, with and without versions."""

from __future__ import annotations

import uuid
from functools import partial

import boto3
import pytest
from object_store_contract import Connect, ObjectStoreContract

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.s3_client import S3Settings
from penstock.adapters.cluster.s3_object_store import S3ObjectStore
from penstock.ports.object_store import ObjectStore


def a_bucket(address: Addresses, *, versioned: bool = False) -> S3Settings:
    client = boto3.client(
        "s3",
        endpoint_url=address.s3_url,
        aws_access_key_id=address.s3_access_key,
        aws_secret_access_key=address.s3_secret_key,
        region_name="us-east-1",
    )
    bucket = f"b-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    if versioned:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return S3Settings(
        bucket=bucket,
        prefix="penstock",
        path_style=True,
        endpoint_url=address.s3_url,
        access_key=address.s3_access_key,
        secret_key=address.s3_secret_key,
    )


class TestS3ObjectStore(ObjectStoreContract):
    @pytest.fixture
    def connect(self, s3_address: Addresses) -> Connect:
        return partial(S3ObjectStore, a_bucket(s3_address))


class TestS3ObjectStoreWithVersions(ObjectStoreContract):
    @pytest.fixture
    def connect(self, s3_address: Addresses) -> Connect:
        return partial(S3ObjectStore, a_bucket(s3_address, versioned=True))

    def test_a_version_names_exact_bytes(self, store: ObjectStore, folder: str) -> None:
        """The bucket still has the old bytes, and gives them out."""
        old = store.put(f"{folder}/a", [b"old"])
        new = store.put(f"{folder}/a", [b"new"])
        assert old.version != new.version
        assert store.stat(new.key) == new
        assert (store.read(old), store.read(new)) == (b"old", b"new")
