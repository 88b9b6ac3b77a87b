"""Clients of AWS and compatible services: how they connect, sign in, wait and retry."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from penstock.config import Secret, ServerSettings

CONNECTIONS = 32  # kept open for the next call

# KMS returns these with status 400.
_ACCESS_ERRORS = {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"}


class AwsSettings(ServerSettings, frozen=True, kw_only=True):
    """Where a service is and how to sign in."""

    endpoint_url: str = ""  # "": AWS's endpoint for the region
    region: str = "us-east-1"
    access_key: Secret = ""  # "": boto3's own search (variables, files, web identity, the machine's role)
    secret_key: Secret = ""
    ca_file: str = ""  # certificates to trust instead of the system's
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0  # between two parts of a response
    attempts: int = 4  # per call, with growing pauses of up to 20 seconds


def connect(service: str, settings: AwsSettings, **options: Any) -> Any:
    """A thread-safe client; sends nothing yet. `options` are further arguments of botocore's Config."""
    return boto3.client(
        service,
        endpoint_url=settings.endpoint_url or None,
        region_name=settings.region,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        verify=settings.ca_file or None,
        config=Config(
            connect_timeout=settings.connect_timeout_seconds,
            read_timeout=settings.read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": settings.attempts},
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
            **options,
        ),
    )


def code_of(error: ClientError) -> str:
    """The service's code for an error; for a response without a body, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def describe(error: ClientError | BotoCoreError) -> str:
    """Describes the error without the service's own text, which may repeat the request."""
    if isinstance(error, NoCredentialsError):
        return "there are no credentials to sign in with: configure them, or give this machine a role"
    if not isinstance(error, ClientError):
        return f"it cannot be reached ({type(error).__name__}): check the address, the network and the certificates"
    if status_of(error) in (401, 403) or code_of(error) in _ACCESS_ERRORS:
        return f"it refuses the call ({code_of(error)}): check the credentials, the clock and the policy"
    return f"it answers {status_of(error)} {code_of(error)}"
