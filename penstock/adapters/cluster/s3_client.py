"""S3: settings, client, and the mapping of S3's errors to Penstock's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.aws import AwsSettings, code_of, connect, describe
from penstock.domain.errors import Corrupt, NotFound, PenstockError, Unavailable, refusal
from penstock.domain.object_keys import check_key

S3 = "s3"  # the dependency's name in metrics and logs
MIN_PART_BYTES = 5 * 1024 * 1024  # S3 refuses smaller parts, except the last
MAX_PREFIX = 200  # characters; a name with prefix and key stays within S3's 1,024

# The response to a HEAD has only a status. All other errors are `Unavailable`: S3 is down or busy, or an operator has
# to fix credentials, a policy or the bucket; the caller's data is not the cause.
_MAPPED_ERRORS: dict[str, type[PenstockError]] = {
    "NoSuchKey": NotFound,
    "404": NotFound,
    "PreconditionFailed": Corrupt,
    "412": Corrupt,
    "InvalidRange": Corrupt,
}
_MESSAGES = {NotFound: "does not exist", Corrupt: "is not the requested version: upload it again"}


class S3Settings(AwsSettings, frozen=True, kw_only=True):
    """A bucket, and how objects are stored in it."""

    bucket: str
    prefix: str = ""  # a folder for all keys, such as "penstock/"
    path_style: bool = False  # https://host/bucket/key, as most services other than AWS need it
    sse: Literal["", "AES256", "aws:kms"] = ""  # "": the bucket's default encryption
    sse_kms_key_id: str = ""  # "" with "aws:kms": AWS's own key
    part_bytes: int = 8 * 1024 * 1024  # of a multipart upload: up to four are in memory; an object has at most 10,000

    @property
    def root(self) -> str:
        """The prefix of all keys. Raises `Refused` (`invalid_setting`) when it is not valid."""
        folder = self.prefix.strip("/")
        if not folder:
            return ""
        try:
            check_key(folder)
        except ValueError as error:
            raise _invalid("prefix", str(error)) from error
        if len(folder) > MAX_PREFIX:
            raise _invalid("prefix", f"it is longer than {MAX_PREFIX} characters")
        return f"{folder}/"

    @property
    def encryption(self) -> dict[str, str]:
        """The arguments for writing an object."""
        arguments = {"ServerSideEncryption": self.sse, "SSEKMSKeyId": self.sse_kms_key_id}
        return {name: value for name, value in arguments.items() if value}


def connect_s3(settings: S3Settings) -> Any:
    """A client of the bucket's service. Raises `Refused` (`invalid_setting`) for settings that cannot work."""
    if settings.part_bytes < MIN_PART_BYTES:
        raise _invalid("part_bytes", f"S3 accepts no parts under {MIN_PART_BYTES} bytes")
    if settings.sse_kms_key_id and settings.sse != "aws:kms":
        raise _invalid("sse_kms_key_id", 'it needs sse "aws:kms"')
    style = "path" if settings.path_style else "virtual"
    return connect("s3", settings, signature_version="s3v4", s3={"addressing_style": style})


@contextmanager
def s3_errors(what: str) -> Iterator[None]:
    """Raise S3's errors about `what` (an object or a bucket, by name) as Penstock's."""
    try:
        yield
    except ClientError as error:
        error_type = _MAPPED_ERRORS.get(code_of(error))
        if error_type is None:
            raise Unavailable(f"{what} cannot be used in S3: {describe(error)}", dependency=S3) from error
        raise error_type(f"{what} {_MESSAGES[error_type]}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{what} cannot be used in S3: {describe(error)}", dependency=S3) from error


def _invalid(name: str, fault: str) -> PenstockError:
    return refusal("invalid_setting", f"the S3 setting {name} cannot be used: {fault}", "Correct it.")
