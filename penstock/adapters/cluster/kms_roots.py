"""The tenants' roots as keys in KMS, each found by its alias.

Neither creating a key nor deleting one is at once in KMS. A new key has no name that only one of several callers could
take, but its alias has; who is too late deletes the own key. A key to destroy cannot be used from the moment on when
its deletion is scheduled. KMS deletes it `DELETION_DAYS` later, the least that it allows, and its alias with it; until
then, an administrator of the account can still cancel that.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.cluster.aws import code_of
from penstock.adapters.cluster.kms import KMS, KmsSettings, kms_errors
from penstock.domain.errors import KeyRevoked, Refused, refusal
from penstock.ports.key_vault import RootMissing

DELETION_DAYS = 7
_UNUSABLE = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


class KmsRoots:
    """`client` is boto3's; the settings are those of a key per tenant."""

    def __init__(self, client: Any, settings: KmsSettings) -> None:
        self._client, self._settings = client, settings

    def find(self, tenant_id: str) -> str:
        """The ARN of the tenant's key. Raises `RootMissing`, `KeyRevoked`, `Unavailable`."""
        alias = self._settings.key_of(tenant_id)
        with kms_errors(alias):
            try:
                key = self._client.describe_key(KeyId=alias)["KeyMetadata"]
            except ClientError as error:
                if code_of(error) == "NotFoundException":
                    raise missing(alias) from error
                raise
        if key["KeyState"] in _UNUSABLE:
            raise KeyRevoked(f"the KMS key {alias} was destroyed: its deletion is scheduled")
        return str(key["Arn"])

    def create(self, tenant_id: str) -> None:
        """Create the tenant's key and its alias, unless they exist. Raises `KeyRevoked`, `Unavailable`, and `Refused`
        (key_not_created) without the rights to."""
        alias = self._settings.key_of(tenant_id)
        try:
            self.find(tenant_id)
        except RootMissing:
            with kms_errors(alias):
                self._create(tenant_id, alias)

    def destroy(self, tenant_id: str) -> None:
        """Schedule the deletion of the tenant's key. Raises `RootMissing`, `Refused` (key_shared), `Unavailable`."""
        if self._settings.former_key_arns:
            raise refusal(
                "key_shared",
                f"keys of PENSTOCK_KMS_FORMER_KEY_ARNS may still open data of tenant {tenant_id}",
                "Delete in KMS those of them that wrapped keys of the tenant, then remove them from the setting.",
            )
        try:
            arn = self.find(tenant_id)
        except KeyRevoked:
            return
        with kms_errors(arn):
            self._delete(arn)

    def _create(self, tenant_id: str, alias: str) -> None:
        try:
            created = self._client.create_key(Description=f"Penstock: root of tenant {tenant_id}")
        except ClientError as error:
            if code_of(error) == "AccessDeniedException":
                raise _not_created(tenant_id, alias) from error
            raise
        arn = created["KeyMetadata"]["Arn"]
        try:
            self._client.create_alias(AliasName=alias, TargetKeyId=arn)
        except ClientError as error:
            self._delete(arn)  # nothing was wrapped with it
            if code_of(error) != "AlreadyExistsException":  # another process was faster
                raise

    def _delete(self, arn: str) -> None:
        key_id = arn.rpartition("/")[2]  # not every compatible service takes an ARN here
        self._client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=DELETION_DAYS)


def _not_created(tenant_id: str, alias: str) -> Refused:
    return refusal(
        "key_not_created",
        f"KMS does not let this service create a key for tenant {tenant_id}",
        f"Run, with the rights to: aws kms create-key, then aws kms create-alias --alias-name {alias} --target-key-id"
        " with the KeyId that it prints. Then try again.",
    )


def missing(alias: str) -> RootMissing:
    return RootMissing(
        f"KMS has no key {alias}: PENSTOCK_KMS_KEY_ID, region or account may differ from those of other services, or"
        " somebody has deleted the alias; restore it",
        dependency=KMS,
    )
