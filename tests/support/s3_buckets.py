"""Buckets of a test's own, on the real S3 server."""

from __future__ import annotations

import uuid
from typing import Any

import boto3

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.s3_client import S3Settings


def client_of(address: Addresses) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=address.s3_url,
        aws_access_key_id=address.s3_access_key,
        aws_secret_access_key=address.s3_secret_key,
        region_name="us-east-1",
    )


def new_bucket(address: Addresses, *, versioned: bool = False) -> S3Settings:
    """Settings for a bucket that is made here; few and quick attempts, since tests let them fail."""
    client, bucket = client_of(address), f"b-{uuid.uuid4().hex}"
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
        part_bytes=5 * 1024 * 1024,
        attempts=2,
    )
