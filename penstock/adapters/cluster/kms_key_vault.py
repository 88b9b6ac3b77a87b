"""The key vault in AWS KMS or a compatible service: the key-encryption key never leaves it.

A wrapped key is

    format (1 byte = 1) ‖ BLAKE2b of the body (8) ‖ body: MessagePack [ARN of the KMS key, ciphertext from KMS]

The context is KMS's encryption context, which KMS authenticates (and writes to CloudTrail: it contains no secret). The
ARN determines which key unwraps, so no other key can be substituted. The digest only detects damage; KMS protects
against attackers. Without it, KMS may take a changed byte for a key of another account, and response "access denied",
as it does for a wrong policy.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.aws import AwsSettings, code_of, connect, describe
from penstock.domain.errors import Corrupt, KeyRevoked, PenstockError, Unavailable, refusal
from penstock.ports.key_vault import KeyVault

KMS = "kms"  # the dependency's name in metrics and logs
FORMAT = b"\x01"
DIGEST_BYTES = 8
HEAD_BYTES = len(FORMAT) + DIGEST_BYTES
KEY_BYTES = 32

# "Access denied" is not listed: a mistake in a policy is soon fixed, and must not fail a request for good. Like
# throttling, timeouts and KMS's own faults, it is `Unavailable`.
_MAPPED_ERRORS: dict[str, type[PenstockError]] = {
    "DisabledException": KeyRevoked,
    "KMSInvalidStateException": KeyRevoked,  # its deletion is scheduled, or its imported material is deleted
    "NotFoundException": KeyRevoked,
    "InvalidCiphertextException": Corrupt,
    "IncorrectKeyException": Corrupt,
}


class KmsSettings(AwsSettings, frozen=True, kw_only=True):
    """`key_id` (an ARN, id or alias) wraps. `former_key_arns` are older keys, which still unwrap."""

    key_id: str
    former_key_arns: tuple[str, ...] = ()


class _Wrapped(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    key_arn: str
    ciphertext: bytes


class KmsKeyVault(KeyVault):
    def __init__(self, settings: KmsSettings) -> None:
        """Wraps and unwraps a test key, so that a mistake in the settings does not look like a destroyed key.

        Raises `Refused` (`key_unusable`), and `Unavailable` while KMS is unavailable or denies the call.
        """
        self._settings = settings
        self._client = connect("kms", settings)
        self._trusted = set(settings.former_key_arns)
        try:
            self._test_key()
        except KeyRevoked as error:
            raise refusal(
                "key_unusable",
                f"KMS has no usable key {settings.key_id}: {error}",
                "Name a key that exists and is enabled in this account and region.",
            ) from error

    def probe(self) -> None:
        """Check that KMS can wrap. Raises `Unavailable`, `KeyRevoked`."""
        self.wrap(bytes(KEY_BYTES), b"penstock probe")

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        with _errors(self._settings.key_id):
            response = self._client.encrypt(
                KeyId=self._settings.key_id, Plaintext=key, EncryptionContext=_kms_context(context)
            )
        self._trusted.add(response["KeyId"])
        body = msgspec.msgpack.encode(_Wrapped(response["KeyId"], response["CiphertextBlob"]))
        return FORMAT + _digest(body) + body

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        parts = _parsed(wrapped)
        if not self._trusts(parts.key_arn):
            raise KeyRevoked(
                f"the KMS key {parts.key_arn} is no longer configured: its data can only be opened with this key"
            )
        with _errors(parts.key_arn):
            response = self._client.decrypt(
                KeyId=parts.key_arn, CiphertextBlob=parts.ciphertext, EncryptionContext=_kms_context(context)
            )
        key: bytes = response["Plaintext"]
        return key

    def _trusts(self, key_arn: str) -> bool:
        """Before an unknown key is refused, look up the alias again: it may name another key now."""
        if key_arn not in self._trusted:
            self._test_key()
        return key_arn in self._trusted

    def _test_key(self) -> None:
        context = b"penstock trial"
        self.unwrap(self.wrap(secrets.token_bytes(KEY_BYTES), context), context)


def _parsed(wrapped: bytes) -> _Wrapped:
    body = wrapped[HEAD_BYTES:]
    if wrapped[:HEAD_BYTES] != FORMAT + _digest(body):
        raise Corrupt("a wrapped key was changed, or is not in a format that this version knows")
    try:
        return msgspec.msgpack.decode(body, type=_Wrapped)
    except msgspec.DecodeError as error:
        raise Corrupt("a wrapped key is not in a format that this version knows") from error


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=DIGEST_BYTES, person=b"penstock kms").digest()


def _kms_context(context: bytes) -> dict[str, str]:
    """KMS accepts only text, and not an empty one."""
    return {"penstock": f"hex:{context.hex()}"}


@contextmanager
def _errors(key_id: str) -> Iterator[None]:
    """Raise KMS's errors as Penstock's."""
    try:
        yield
    except ClientError as error:
        error_type = _MAPPED_ERRORS.get(code_of(error))
        if error_type is None:
            raise _unavailable(key_id, error) from error
        if error_type is Corrupt:
            raise Corrupt("a wrapped key does not open: it was changed, or belongs to another context") from error
        raise error_type(f"the KMS key {key_id} cannot be used: {describe(error)}") from error
    except BotoCoreError as error:
        raise _unavailable(key_id, error) from error


def _unavailable(key_id: str, error: ClientError | BotoCoreError) -> Unavailable:
    return Unavailable(f"the KMS key {key_id} cannot be used: {describe(error)}", dependency=KMS)
