"""The key vault in AWS KMS, or a service that speaks its protocol: the key-encryption key never leaves it.

A wrapped key is

    format (1 byte = 1) ‖ BLAKE2b of the rest (8) ‖ MessagePack [ARN of the KMS key, what KMS's Encrypt gave]

The context goes to KMS as encryption context, which KMS authenticates (and writes to CloudTrail: it holds no secret).
The ARN decides which key unwraps, so that no foreign key can be slipped in. The digest is no protection against
people, which KMS gives: without it a changed byte may look to KMS like the key of another account, for which it says
"access denied", as it does for a policy that is wrong.
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

KMS = "kms"  # what an outage of it is called in metrics and logs
FORMAT = b"\x01"
DIGEST_BYTES = 8
HEAD_BYTES = len(FORMAT) + DIGEST_BYTES
KEY_BYTES = 32

# Access denied is not among them: a policy is fixed in minutes, and what ends a request for good must not be a typing
# mistake in one. Like throttling, timeouts and KMS's own faults it is waited out.
_MEANING: dict[str, type[PenstockError]] = {
    "DisabledException": KeyRevoked,
    "KMSInvalidStateException": KeyRevoked,  # it waits for its deletion, or its imported material is gone
    "NotFoundException": KeyRevoked,
    "InvalidCiphertextException": Corrupt,
    "IncorrectKeyException": Corrupt,
}


class KmsSettings(AwsSettings, frozen=True, kw_only=True):
    """`key_id` wraps: an ARN, an id or an alias. `former_key_arns` unwrap what other keys have wrapped before."""

    key_id: str
    former_key_arns: tuple[str, ...] = ()


class _Wrapped(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    key_arn: str
    ciphertext: bytes


class KmsKeyVault(KeyVault):
    def __init__(self, settings: KmsSettings) -> None:
        """Wraps and unwraps a key for trial: a mistake in the settings must not look like a key that is gone.

        Refused: `key_unusable`. Raises `Unavailable`, while KMS is away or refuses the call.
        """
        self._settings = settings
        self._client = connect("kms", settings)
        self._trusted = set(settings.former_key_arns)
        try:
            self._try_out()
        except KeyRevoked as error:
            raise refusal(
                "key_unusable",
                f"KMS has no usable key {settings.key_id}: {error}",
                "Name a key that exists and is enabled in this account and region.",
            ) from error

    def probe(self) -> None:
        """Whether KMS wraps now. Raises `Unavailable`, `KeyRevoked`."""
        self.wrap(bytes(KEY_BYTES), b"penstock probe")

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        with _errors(self._settings.key_id):
            answer = self._client.encrypt(
                KeyId=self._settings.key_id, Plaintext=key, EncryptionContext=_kms_context(context)
            )
        self._trusted.add(answer["KeyId"])
        body = msgspec.msgpack.encode(_Wrapped(answer["KeyId"], answer["CiphertextBlob"]))
        return FORMAT + _digest(body) + body

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        parts = _parsed(wrapped)
        if not self._trusts(parts.key_arn):
            raise KeyRevoked(
                f"the KMS key {parts.key_arn} is not among the configured ones any more: what it protects opens only"
                " with that key"
            )
        with _errors(parts.key_arn):
            answer = self._client.decrypt(
                KeyId=parts.key_arn, CiphertextBlob=parts.ciphertext, EncryptionContext=_kms_context(context)
            )
        key: bytes = answer["Plaintext"]
        return key

    def _trusts(self, key_arn: str) -> bool:
        """Ask again which key an alias names before an unknown one is turned away: it may name another by now."""
        if key_arn not in self._trusted:
            self._try_out()
        return key_arn in self._trusted

    def _try_out(self) -> None:
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
    """KMS takes text only, and none that is empty."""
    return {"penstock": f"hex:{context.hex()}"}


@contextmanager
def _errors(key_id: str) -> Iterator[None]:
    """Raise KMS's errors as Penstock's."""
    try:
        yield
    except ClientError as error:
        meaning = _MEANING.get(code_of(error))
        if meaning is None:
            raise _away(key_id, error) from error
        if meaning is Corrupt:
            raise Corrupt("a wrapped key does not open: it was changed, or belongs to another context") from error
        raise meaning(f"the KMS key {key_id} cannot be used: {describe(error)}") from error
    except BotoCoreError as error:
        raise _away(key_id, error) from error


def _away(key_id: str, error: ClientError | BotoCoreError) -> Unavailable:
    return Unavailable(f"the KMS key {key_id} cannot be used: {describe(error)}", dependency=KMS)
