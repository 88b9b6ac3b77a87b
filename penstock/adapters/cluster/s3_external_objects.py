"""Files in other services' buckets, on S3 or a compatible service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from penstock.adapters.cluster.aws import code_of, describe, status_of
from penstock.adapters.cluster.s3_client import S3Settings, connect_s3
from penstock.config import Secret, ServerSettings
from penstock.domain.access.publishing import ObjectUri, ObjectVersion, VersionKind
from penstock.domain.errors import Corrupt, NotFound, PenstockError, Unavailable, refusal
from penstock.ports.external_objects import ExternalObjects, NotAllowed

EXTERNAL_S3 = "external_s3"  # the dependency's name in metrics and logs
PIECE_BYTES = 1 << 20  # read at a time

# By S3's codes. A malformed version id is InvalidArgument; one of a delete marker is MethodNotAllowed.
_MAPPED_ERRORS: dict[str, type[PenstockError]] = {
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "NoSuchVersion": NotFound,
    "InvalidArgument": NotFound,
    "MethodNotAllowed": NotFound,
    "PreconditionFailed": Corrupt,
}
# These errors concern Penstock's credentials, so they would affect every offer.
_OWN_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
_TRANSIENT_STATUS = {408, 429}


class ExternalS3Settings(ServerSettings, frozen=True, kw_only=True):
    """The credentials for other services' buckets, which are at the same endpoint as Penstock's own."""

    access_key: Secret = ""  # "": the credentials of Penstock's own bucket
    secret_key: Secret = ""

    def over(self, own: S3Settings) -> S3Settings:
        """`own` with these credentials. Raises `Refused` (`invalid_setting`) when only one of the two is set."""
        if bool(self.access_key) != bool(self.secret_key):
            problem = "only one of access key and secret key for other services' buckets is set"
            raise refusal("invalid_setting", problem, "Set both PENSTOCK_EXTERNAL_S3_ variables, or neither.")
        return replace(own, access_key=self.access_key, secret_key=self.secret_key) if self.access_key else own


class S3ExternalObjects(ExternalObjects):
    """The bucket in `settings`, and the settings for writing, are not used."""

    def __init__(self, settings: S3Settings) -> None:
        self._client = connect_s3(settings)

    def open(self, uri: ObjectUri, version: ObjectVersion) -> Iterator[bytes]:
        try:
            answer = self._client.get_object(Bucket=uri.bucket, Key=uri.key, **_pin(version))
            _check(uri, version, answer)
            with closing(
                answer["Body"]
            ) as body:  # its own `with` returns urllib3's stream, which does not detect a short body
                while piece := body.read(PIECE_BYTES):
                    yield piece
        except ClientError as error:
            raise _error(error, f"object {uri} cannot be read: {describe(error)}") from error
        except BotoCoreError as error:
            raise Unavailable(f"object {uri} cannot be read: {describe(error)}", dependency=EXTERNAL_S3) from error


def _pin(version: ObjectVersion) -> dict[str, str]:
    """The argument that makes S3 return this version or an error."""
    return {"VersionId": version.value} if version.kind is VersionKind.VERSION_ID else {"IfMatch": f'"{version.value}"'}


def _check(uri: ObjectUri, version: ObjectVersion, answer: dict[str, Any]) -> None:
    """Check the version, which some services ignore in the request."""
    field = "VersionId" if version.kind is VersionKind.VERSION_ID else "ETag"
    if str(answer.get(field)).strip('"') != version.value:
        answer["Body"].close()
        raise Corrupt(f"object {uri} is not the offered version")


def _error(error: ClientError, message: str) -> PenstockError:
    """`Unavailable` only for transient errors and those of Penstock's credentials: an error about one object must not
    delay the others."""
    status, code = status_of(error), code_of(error)
    if code in _OWN_CREDENTIALS or status in _TRANSIENT_STATUS or status >= 500:
        return Unavailable(message, dependency=EXTERNAL_S3)
    return _MAPPED_ERRORS.get(code, NotAllowed)(message)
