"""S3: settings, the client, and S3's errors in Penstock's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.aws import AwsSettings, code_of, connect, describe
from penstock.domain.errors import Corrupt, NotFound, PenstockError, Unavailable, refusal
from penstock.domain.object_keys import check_key

S3 = "s3"  # what an outage of it is called in metrics and logs
MIN_PART_BYTES = 5 * 1024 * 1024  # S3 refuses smaller parts, but for the last
MAX_PREFIX = 200  # characters, so that with a key it stays within S3's 1,024

# The answer to a HEAD has no body: its status is all there is. Whatever is not listed here is waited out: S3 is away
# or busy, or an operator has to fix credentials, a policy or the bucket, and no caller's data is at fault.
_MEANING: dict[str, type[PenstockError]] = {
    "NoSuchKey": NotFound,
    "404": NotFound,
    "PreconditionFailed": Corrupt,
    "412": Corrupt,
    "InvalidRange": Corrupt,
}
_SAYS = {NotFound: "is not there", Corrupt: "is not the version that was asked for: upload it again"}


class S3Settings(AwsSettings, frozen=True, kw_only=True):
    """A bucket, and how objects lie in it."""

    bucket: str
    prefix: str = ""  # a folder for all keys, such as "penstock/"
    path_style: bool = False  # https://host/bucket/key, as most services other than AWS want it
    sse: Literal["", "AES256", "aws:kms"] = ""  # "" is the bucket's default encryption
    sse_kms_key_id: str = ""  # "" with "aws:kms" is AWS's own key
    part_bytes: int = 8 * 1024 * 1024  # of an upload in parts: up to four are in memory, and 10,000 in an object

    @property
    def root(self) -> str:
        """What stands before every key. Raises `Refused` (`invalid_setting`) when it cannot."""
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
        """The arguments with which an object is written."""
        given = {"ServerSideEncryption": self.sse, "SSEKMSKeyId": self.sse_kms_key_id}
        return {name: value for name, value in given.items() if value}


def connect_s3(settings: S3Settings) -> Any:
    """A client of the bucket's service. Raises `Refused` (`invalid_setting`) for settings that cannot work."""
    if settings.part_bytes < MIN_PART_BYTES:
        raise _invalid("part_bytes", f"S3 takes no parts under {MIN_PART_BYTES} bytes")
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
        meaning = _MEANING.get(code_of(error))
        if meaning is None:
            raise Unavailable(f"{what} cannot be used in S3: {describe(error)}", dependency=S3) from error
        raise meaning(f"{what} {_SAYS[meaning]}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{what} cannot be used in S3: {describe(error)}", dependency=S3) from error


def _invalid(name: str, fault: str) -> PenstockError:
    return refusal("invalid_setting", f"the S3 setting {name} cannot be used: {fault}", "Correct it.")
