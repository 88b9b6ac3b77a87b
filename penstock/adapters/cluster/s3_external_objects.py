"""Files in other services' buckets on S3, or a service that speaks its protocol."""

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

FOREIGN_S3 = "external_s3"  # what an outage of it is called in metrics and logs
PIECE_BYTES = 1 << 20  # read at a time

# By S3's codes. A version id that cannot be one is an invalid argument, one that deleted the object allows no method.
_MEANING: dict[str, type[PenstockError]] = {
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "NoSuchVersion": NotFound,
    "InvalidArgument": NotFound,
    "MethodNotAllowed": NotFound,
    "PreconditionFailed": Corrupt,
}
# Of these no publisher is to blame: whatever else was offered would meet them too.
_OWN_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
_PASSING = {408, 429}


class ExternalS3Settings(ServerSettings, frozen=True, kw_only=True):
    """Who reads other services' buckets, which lie where Penstock's own does."""

    access_key: Secret = ""  # "" reads them as Penstock's own bucket
    secret_key: Secret = ""

    def over(self, own: S3Settings) -> S3Settings:
        """`own` with these credentials. Raises `Refused` (`invalid_setting`) when there is half of them."""
        if bool(self.access_key) != bool(self.secret_key):
            problem = "of the access key and the secret for other services' buckets only one is set"
            raise refusal("invalid_setting", problem, "Set both PENSTOCK_EXTERNAL_S3_ variables, or neither.")
        return replace(own, access_key=self.access_key, secret_key=self.secret_key) if self.access_key else own


class S3ExternalObjects(ExternalObjects):
    """Of `settings`, the bucket and all that is about writing is not used."""

    def __init__(self, settings: S3Settings) -> None:
        self._client = connect_s3(settings)

    def open(self, uri: ObjectUri, version: ObjectVersion) -> Iterator[bytes]:
        try:
            answer = self._client.get_object(Bucket=uri.bucket, Key=uri.key, **_pin(version))
            _check(uri, version, answer)
            with closing(answer["Body"]) as body:  # its own `with` would give urllib3's, which lets a short body pass
                while piece := body.read(PIECE_BYTES):
                    yield piece
        except ClientError as error:
            raise _error(error, f"object {uri} cannot be read: {describe(error)}") from error
        except BotoCoreError as error:
            raise Unavailable(f"object {uri} cannot be read: {describe(error)}", dependency=FOREIGN_S3) from error


def _pin(version: ObjectVersion) -> dict[str, str]:
    """What makes S3 answer with this version or not at all."""
    return {"VersionId": version.value} if version.kind is VersionKind.VERSION_ID else {"IfMatch": f'"{version.value}"'}


def _check(uri: ObjectUri, version: ObjectVersion, answer: dict[str, Any]) -> None:
    """Some services do not heed the pin."""
    field = "VersionId" if version.kind is VersionKind.VERSION_ID else "ETag"
    if str(answer.get(field)).strip('"') != version.value:
        answer["Body"].close()
        raise Corrupt(f"object {uri} is not of the version that was offered")


def _error(error: ClientError, message: str) -> PenstockError:
    """A refusal that is about this object must not hold up the others: only what passes, or is Penstock's, is waited
    for."""
    status, code = status_of(error), code_of(error)
    if code in _OWN_CREDENTIALS or status in _PASSING or status >= 500:
        return Unavailable(message, dependency=FOREIGN_S3)
    return _MEANING.get(code, NotAllowed)(message)
