"""AWS KMS or a compatible service: its settings, and its errors as Penstock's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from penstock.adapters.cluster.aws import AwsSettings, code_of, describe
from penstock.config import PREFIX
from penstock.domain.errors import Corrupt, KeyRevoked, PenstockError, Unavailable, refusal

KMS = "kms"  # the dependency's name in metrics and logs
TENANT = "{tenant}"
_PATTERN = re.compile(r"alias/(?!aws/)[A-Za-z0-9/_-]*\{tenant\}[A-Za-z0-9/_-]*")

# "Access denied" is not listed: a mistake in a policy is soon fixed, and must not fail a request for good. Like
# throttling, timeouts and KMS's own faults, it is `Unavailable`. AWS calls a key whose deletion is scheduled disabled
# or in an invalid state, so that a key that is only disabled counts as destroyed too, as long as it is.
_MAPPED_ERRORS: dict[str, type[PenstockError]] = {
    "DisabledException": KeyRevoked,
    "KMSInvalidStateException": KeyRevoked,  # its deletion is scheduled, or its imported material is deleted
    "NotFoundException": KeyRevoked,
    "InvalidCiphertextException": Corrupt,
    "IncorrectKeyException": Corrupt,
}


class KmsSettings(AwsSettings, frozen=True, kw_only=True):
    """`key_id` wraps: an ARN, id or alias of one key for all tenants, or an alias with `{tenant}`, which names a key
    for each. `former_key_arns` are older keys, of any tenant, which still unwrap."""

    key_id: str
    former_key_arns: tuple[str, ...] = ()

    @property
    def is_key_per_tenant(self) -> bool:
        return TENANT in self.key_id

    def key_of(self, tenant_id: str) -> str:
        """The id or alias of the key that wraps the tenant's data keys."""
        return self.key_id.replace(TENANT, tenant_id)


def check_pattern(settings: KmsSettings) -> None:
    """Raise `Refused` (invalid_setting) for a key per tenant without an alias that KMS allows."""
    if settings.is_key_per_tenant and not _PATTERN.fullmatch(settings.key_id):
        hint = f"Write an alias with one {TENANT}, such as alias/penstock-{TENANT}."
        raise refusal("invalid_setting", f"{PREFIX}KMS_KEY_ID is not an alias of a key per tenant", hint)


@contextmanager
def kms_errors(key: str) -> Iterator[None]:
    """Raise KMS's errors about `key`, whose name the messages have, as Penstock's."""
    try:
        yield
    except ClientError as error:
        error_type = _MAPPED_ERRORS.get(code_of(error))
        if error_type is None:
            raise _unavailable(key, error) from error
        if error_type is Corrupt:
            raise Corrupt(
                "a wrapped key does not open: it was changed, or belongs to another tenant or context"
            ) from error
        raise error_type(f"the KMS key {key} cannot be used: {describe(error)}") from error
    except BotoCoreError as error:
        raise _unavailable(key, error) from error


def _unavailable(key: str, error: ClientError | BotoCoreError) -> Unavailable:
    return Unavailable(f"the KMS key {key} cannot be used: {describe(error)}", dependency=KMS)
