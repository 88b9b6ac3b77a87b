"""The key vault in AWS KMS or a compatible service: the roots never leave it.

There is a KMS key for each tenant, or one for all (`KmsSettings`); only one of its own can be destroyed. A wrapped key
is

    format (1 byte = 1) ‖ BLAKE2b of tenant and body (8) ‖ body: MessagePack [ARN of the KMS key, ciphertext from KMS]

Tenant and context are KMS's encryption context, which KMS authenticates (and writes to CloudTrail: it contains no
secret). The ARN determines which key unwraps, and only keys that are configured for the tenant do, so no other key can
be substituted. The digest only detects damage; KMS protects against attackers. Without it, KMS may take a changed byte
for a key of another account, and response "access denied", as it does for a wrong policy.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from hashlib import blake2b

import msgspec
from botocore.exceptions import ClientError

from penstock.adapters.cluster.aws import code_of, connect
from penstock.adapters.cluster.kms import KMS, KmsSettings, check_pattern, kms_errors
from penstock.adapters.cluster.kms_roots import KmsRoots, missing
from penstock.domain.errors import Corrupt, KeyRevoked, refusal
from penstock.domain.framing import framed
from penstock.ports.key_vault import KeyVault, RootMissing

FORMAT = b"\x01"
DIGEST_BYTES = 8
HEAD_BYTES = len(FORMAT) + DIGEST_BYTES
KEY_BYTES = 32
TRIAL = "penstock-trial"  # stands for a tenant where a key of all tenants is tried


class _Wrapped(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    key_arn: str
    ciphertext: bytes


class KmsKeyVault(KeyVault):
    def __init__(self, settings: KmsSettings) -> None:
        """With one key for all tenants, wraps and unwraps a test key, so that a mistake in the settings does not look
        like a destroyed key. A key per tenant is found, or missing, when it is needed.

        Raises `Refused` (`key_unusable`, `invalid_setting`), and `Unavailable` while KMS is unavailable or denies the
        call.
        """
        check_pattern(settings)
        self._settings = settings
        self._client = connect("kms", settings)
        self._roots = KmsRoots(self._client, settings)
        self._trusted: defaultdict[str, set[str]] = defaultdict(lambda: set(settings.former_key_arns))  # by tenant
        if not settings.is_key_per_tenant:
            self._try_key_of_all()

    @property
    def is_key_per_tenant(self) -> bool:
        return self._settings.is_key_per_tenant

    def create_root(self, tenant_id: str) -> None:
        if self.is_key_per_tenant:
            self._roots.create(tenant_id)

    def destroy(self, tenant_id: str) -> None:
        if not self.is_key_per_tenant:
            raise refusal(
                "key_shared",
                f"the KMS key {self._settings.key_id} wraps the keys of all tenants",
                "Only in an installation that began with a key per tenant (PENSTOCK_KMS_KEY_ID=alias/penstock-{tenant})"
                " can one be destroyed.",
            )
        self._roots.destroy(tenant_id)

    def probe(self) -> None:
        """Check that KMS can wrap with the key of all tenants. Raises `Unavailable`, `KeyRevoked`."""
        self.wrap(TRIAL, bytes(KEY_BYTES), b"penstock probe")

    def wrap(self, tenant_id: str, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        key_id = self._settings.key_of(tenant_id)
        with kms_errors(key_id):
            try:
                response = self._client.encrypt(
                    KeyId=key_id, Plaintext=key, EncryptionContext=_kms_context(tenant_id, context)
                )
            except ClientError as error:
                if self.is_key_per_tenant and code_of(error) == "NotFoundException":
                    raise missing(key_id) from error
                raise
        self._trusted[tenant_id].add(response["KeyId"])
        body = msgspec.msgpack.encode(_Wrapped(response["KeyId"], response["CiphertextBlob"]))
        return FORMAT + _digest(tenant_id, body) + body

    def unwrap(self, tenant_id: str, wrapped: bytes, context: bytes) -> bytes:
        parts = _parsed(tenant_id, wrapped)
        if not self._trusts(tenant_id, parts.key_arn):
            raise RootMissing(
                f"the KMS key {parts.key_arn}, which wrapped a key of tenant {tenant_id}, is not configured: add it to"
                " PENSTOCK_KMS_FORMER_KEY_ARNS if it was in use before",
                dependency=KMS,
            )
        with kms_errors(f"{parts.key_arn} of tenant {tenant_id}"):
            try:
                response = self._client.decrypt(
                    KeyId=parts.key_arn,
                    CiphertextBlob=parts.ciphertext,
                    EncryptionContext=_kms_context(tenant_id, context),
                )
            except ClientError as error:
                if self.is_key_per_tenant and code_of(error) == "AccessDeniedException":
                    raise RootMissing(
                        f"KMS does not let this service use the key {parts.key_arn} of tenant {tenant_id}: allow"
                        " kms:Decrypt in the key's policy",
                        dependency=KMS,
                    ) from error
                raise
        key: bytes = response["Plaintext"]
        return key

    def _trusts(self, tenant_id: str, key_arn: str) -> bool:
        """Before an unknown key is refused, look up the alias again: it may name another key now."""
        if key_arn not in self._trusted[tenant_id]:
            if self.is_key_per_tenant:
                self._trusted[tenant_id].add(self._roots.find(tenant_id))
            else:
                self.wrap(tenant_id, bytes(KEY_BYTES), b"penstock trial")
        return key_arn in self._trusted[tenant_id]

    def _try_key_of_all(self) -> None:
        key, context = secrets.token_bytes(KEY_BYTES), b"penstock trial"
        try:
            self.unwrap(TRIAL, self.wrap(TRIAL, key, context), context)
        except KeyRevoked as error:
            raise refusal(
                "key_unusable",
                f"KMS has no usable key {self._settings.key_id}: {error}",
                "Name a key that exists and is enabled in this account and region.",
            ) from error


def _parsed(tenant_id: str, wrapped: bytes) -> _Wrapped:
    body = wrapped[HEAD_BYTES:]
    if wrapped[:HEAD_BYTES] != FORMAT + _digest(tenant_id, body):
        raise Corrupt(
            "a wrapped key was changed, belongs to another tenant, or is not in a format that this version knows"
        )
    try:
        return msgspec.msgpack.decode(body, type=_Wrapped)
    except msgspec.DecodeError as error:
        raise Corrupt("a wrapped key is not in a format that this version knows") from error


def _digest(tenant_id: str, body: bytes) -> bytes:
    return blake2b(framed(tenant_id.encode(), body), digest_size=DIGEST_BYTES, person=b"penstock kms").digest()


def _kms_context(tenant_id: str, context: bytes) -> dict[str, str]:
    """KMS accepts only text, and not an empty one."""
    return {"penstock": f"hex:{context.hex()}", "penstock-tenant": tenant_id}
