"""KMS keeps the contract of a key vault, over HTTP; each of its errors means what a caller must do about it.

The KMS is moto's. What moto does not do (a disabled key, one whose deletion is scheduled, throttling), a proxy before
it says as AWS documents it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from key_vault_contract import CONTEXT, TENANT, Connect, KeyVaultContract, TenantRootsContract
from moto.server import ThreadedMotoServer

from penstock.adapters.cluster import kms_key_vault
from penstock.adapters.cluster.kms import KmsSettings
from penstock.adapters.cluster.kms_key_vault import KmsKeyVault
from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.config import Settings
from penstock.domain.errors import Corrupt, KeyRevoked, Refused, Unavailable
from penstock.ports.key_vault import RootMissing
from penstock.wiring import embedded
from tests.support.spoiling_proxy import Answer, Asked, SpoilingProxy

KEY = secrets.token_bytes(32)


@pytest.fixture(scope="module")
def kms_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def kms(kms_url: str) -> Any:
    return boto3.client(
        "kms", endpoint_url=kms_url, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )


@pytest.fixture(scope="module")
def key_arn(kms: Any) -> str:
    return new_key(kms)


@pytest.fixture(scope="module")
def other_arn(kms: Any) -> str:
    return new_key(kms)


def new_key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def settings_of(url: str, key_id: str, *former: str) -> KmsSettings:
    return KmsSettings(
        key_id=key_id, former_key_arns=former, endpoint_url=url, access_key="a", secret_key="b", attempts=2
    )


class TestKeyOfAllTenants(KeyVaultContract):
    @pytest.fixture
    def connect(self, kms_url: str, key_arn: str) -> Connect:
        return partial(KmsKeyVault, settings_of(kms_url, key_arn))


class TestKeyPerTenant(TenantRootsContract):
    @pytest.fixture
    def connect(self, proxy: SpoilingProxy, pattern: str, kms: Any) -> Connect:
        proxy.spoil = partial(refuse_deleted, kms)
        return partial(KmsKeyVault, settings_of(proxy.url, pattern))


def refuse_deleted(kms: Any, asked: Asked, answer: Answer) -> Answer:
    """As AWS answers about a key whose deletion is scheduled: nothing is encrypted or decrypted."""
    used = asked.headers["x-amz-target"].partition(".")[2] in ("Encrypt", "Decrypt") and answer.status == 200
    if used and kms.describe_key(KeyId=json.loads(answer.body)["KeyId"])["KeyMetadata"].get("DeletionDate"):
        refused: Answer = saying("KMSInvalidStateException")(asked, answer)
        return refused
    return answer


@pytest.fixture
def pattern() -> str:
    return f"alias/{secrets.token_hex(4)}-{{tenant}}"


def keys_of(kms: Any, tenant_id: str) -> list[Any]:
    """All keys of a tenant's alias, those that were not needed included."""
    found = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
    return [each for each in found if each["Description"].endswith(f"tenant {tenant_id}")]


@pytest.fixture
def proxy(kms_url: str) -> Iterator[SpoilingProxy]:
    with SpoilingProxy(kms_url) as proxy:
        yield proxy


@pytest.fixture
def vault(proxy: SpoilingProxy, key_arn: str) -> KmsKeyVault:
    return KmsKeyVault(settings_of(proxy.url, key_arn))


def saying(code: str, status: int = 400) -> Any:
    """A KMS that answers every call with this error."""
    body = json.dumps({"__type": code, "message": "tenant-of-a-customer"}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}
    return lambda asked, answer: Answer(status, headers, body)


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("DisabledException", 400, KeyRevoked),
        ("KMSInvalidStateException", 400, KeyRevoked),
        ("NotFoundException", 400, KeyRevoked),
        ("InvalidCiphertextException", 400, Corrupt),
        ("IncorrectKeyException", 400, Corrupt),
        ("AccessDeniedException", 400, Unavailable),
        ("UnrecognizedClientException", 400, Unavailable),
        ("ThrottlingException", 400, Unavailable),
        ("KeyUnavailableException", 500, Unavailable),
        ("DependencyTimeoutException", 500, Unavailable),
        ("KMSInternalException", 500, Unavailable),
        ("SomethingNewException", 400, Unavailable),
    ],
)
def test_errors_of_kms_are_mapped(
    vault: KmsKeyVault, proxy: SpoilingProxy, code: str, status: int, meaning: type[Exception]
) -> None:
    wrapped = vault.wrap(TENANT, KEY, CONTEXT)
    proxy.spoil = saying(code, status)
    with pytest.raises(meaning) as raised:
        vault.unwrap(TENANT, wrapped, CONTEXT)
    assert type(raised.value) is meaning
    assert "tenant-of-a-customer" not in str(raised.value)
    if "Denied" in code:
        assert "check the credentials" in str(raised.value)


def test_a_passing_fault_is_not_noticed(vault: KmsKeyVault, proxy: SpoilingProxy) -> None:
    wrapped = vault.wrap(TENANT, KEY, CONTEXT)
    calls = len(proxy.asked)

    def only_the_first(asked: Asked, answer: Answer) -> Answer:
        first: Answer = saying("ThrottlingException")(asked, answer)
        return first if len(proxy.asked) == calls + 1 else answer

    proxy.spoil = only_the_first
    assert vault.unwrap(TENANT, wrapped, CONTEXT) == KEY
    assert len(proxy.asked) == calls + 2


def test_a_service_that_is_away_is_waited_for(kms_url: str, key_arn: str) -> None:
    with SpoilingProxy(kms_url) as proxy:
        vault = KmsKeyVault(settings_of(proxy.url, key_arn))
    for call in (lambda: vault.wrap(TENANT, KEY, CONTEXT), lambda: KmsKeyVault(settings_of(proxy.url, key_arn))):
        with pytest.raises(Unavailable, match="cannot be reached"):
            call()


@pytest.mark.parametrize("key_id", ["alias/none", "6a7e2ca5-0000-0000-0000-000000000000"])
def test_a_key_that_does_not_exist_is_refused_at_start(kms_url: str, key_id: str) -> None:
    with pytest.raises(Refused, match=key_id) as refused:
        KmsKeyVault(settings_of(kms_url, key_id))
    assert refused.value.code == "key_unusable"


def test_rotation_wraps_with_the_new_key_and_opens_with_the_former(kms_url: str, key_arn: str, other_arn: str) -> None:
    old = KmsKeyVault(settings_of(kms_url, key_arn)).wrap(TENANT, KEY, CONTEXT)
    rotated = KmsKeyVault(settings_of(kms_url, other_arn, key_arn))
    new = rotated.wrap(TENANT, KEY, CONTEXT)
    assert rotated.unwrap(TENANT, old, CONTEXT) == rotated.unwrap(TENANT, new, CONTEXT) == KEY
    with pytest.raises(RootMissing, match=key_arn):
        KmsKeyVault(settings_of(kms_url, other_arn)).unwrap(TENANT, old, CONTEXT)


def test_an_alias_that_names_another_key_meanwhile_is_followed(
    kms: Any, kms_url: str, key_arn: str, other_arn: str
) -> None:
    alias = f"alias/{secrets.token_hex(8)}"
    kms.create_alias(AliasName=alias, TargetKeyId=key_arn)
    running = KmsKeyVault(settings_of(kms_url, alias))
    old = running.wrap(TENANT, KEY, CONTEXT)
    kms.update_alias(AliasName=alias, TargetKeyId=other_arn)
    new = KmsKeyVault(settings_of(kms_url, alias)).wrap(TENANT, KEY, CONTEXT)
    assert running.unwrap(TENANT, new, CONTEXT) == running.unwrap(TENANT, old, CONTEXT) == KEY


def test_a_key_that_an_unknown_kms_key_has_wrapped_is_not_taken(kms_url: str, key_arn: str, other_arn: str) -> None:
    external = KmsKeyVault(settings_of(kms_url, other_arn)).wrap(TENANT, KEY, CONTEXT)
    with pytest.raises(RootMissing, match="PENSTOCK_KMS_FORMER_KEY_ARNS"):
        KmsKeyVault(settings_of(kms_url, key_arn)).unwrap(TENANT, external, CONTEXT)


@pytest.mark.parametrize("body", [b"", b"\x93\xa1a\xc4\x01b\x01", msgspec.msgpack.encode("text")], ids=len)
def test_a_file_of_an_unknown_version_is_corrupt(vault: KmsKeyVault, proxy: SpoilingProxy, body: bytes) -> None:
    calls = len(proxy.asked)
    with pytest.raises(Corrupt):
        vault.unwrap(TENANT, kms_key_vault.FORMAT + kms_key_vault._digest(TENANT, body) + body, CONTEXT)
    assert len(proxy.asked) == calls


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_only_keys_of_32_bytes_are_wrapped(vault: KmsKeyVault, length: int) -> None:
    with pytest.raises(ValueError):
        vault.wrap(TENANT, bytes(length), CONTEXT)


def test_no_repr_shows_the_credentials(kms_url: str) -> None:
    settings = KmsSettings(key_id="k", endpoint_url=kms_url, access_key="access-1", secret_key="secret-1")
    assert "access-1" not in repr(settings)
    assert "secret-1" not in repr(settings)


def test_a_key_per_tenant_has_its_alias_and_the_least_waiting_time(kms: Any, kms_url: str, pattern: str) -> None:
    tenant_id = f"t{secrets.token_hex(4)}"
    vault = KmsKeyVault(settings_of(kms_url, pattern))
    vault.create_root(tenant_id)
    key = kms.describe_key(KeyId=pattern.replace("{tenant}", tenant_id))["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    vault.destroy(tenant_id)
    (deleted,) = keys_of(kms, tenant_id)
    assert deleted["KeyState"] == "PendingDeletion"
    assert 6 < (deleted["DeletionDate"] - deleted["CreationDate"]).total_seconds() / 86_400 < 8


def test_of_several_callers_one_makes_the_key(kms: Any, kms_url: str, pattern: str) -> None:
    tenant_id = f"t{secrets.token_hex(4)}"
    vaults = [KmsKeyVault(settings_of(kms_url, pattern)) for _ in range(4)]
    with ThreadPoolExecutor(len(vaults)) as threads:
        list(threads.map(lambda vault: vault.create_root(tenant_id), vaults))
    wrapped = [vault.wrap(tenant_id, KEY, CONTEXT) for vault in vaults]
    assert {vault.unwrap(tenant_id, each, CONTEXT) for vault in vaults for each in wrapped} == {KEY}
    assert [each["KeyState"] for each in keys_of(kms, tenant_id)].count("Enabled") == 1


def test_a_key_without_an_alias_is_not_left(kms: Any, proxy: SpoilingProxy, pattern: str) -> None:
    """Another process has taken the alias since it was looked for."""
    tenant_id = f"t{secrets.token_hex(4)}"
    first = KmsKeyVault(settings_of(proxy.url, pattern))
    first.create_root(tenant_id)
    late = KmsKeyVault(settings_of(proxy.url, pattern))
    none: Any = saying("NotFoundException")
    proxy.spoil = lambda asked, answer: (
        none(asked, answer) if asked.headers["x-amz-target"].endswith("DescribeKey") else answer
    )
    late.create_root(tenant_id)
    proxy.spoil = lambda _, answer: answer
    assert late.unwrap(tenant_id, first.wrap(tenant_id, KEY, CONTEXT), CONTEXT) == KEY
    assert sorted(each["KeyState"] for each in keys_of(kms, tenant_id)) == ["Enabled", "PendingDeletion"]


def test_a_key_that_the_service_may_not_create_is_refused(proxy: SpoilingProxy, pattern: str) -> None:
    denied: Any = saying("AccessDeniedException")
    proxy.spoil = lambda asked, answer: (
        denied(asked, answer) if asked.headers["x-amz-target"].endswith("CreateKey") else answer
    )
    with pytest.raises(Refused) as refused:
        KmsKeyVault(settings_of(proxy.url, pattern)).create_root(TENANT)
    assert refused.value.code == "key_not_created"
    assert f"--alias-name {pattern.replace('{tenant}', TENANT)} " in refused.value.faults[0].hint


def test_a_key_whose_alias_was_deleted_is_waited_for(kms: Any, kms_url: str, pattern: str) -> None:
    vault = KmsKeyVault(settings_of(kms_url, pattern))
    vault.create_root(TENANT)
    wrapped = vault.wrap(TENANT, KEY, CONTEXT)
    kms.delete_alias(AliasName=pattern.replace("{tenant}", TENANT))
    for call in (lambda each: each.unwrap(TENANT, wrapped, CONTEXT), lambda each: each.destroy(TENANT)):
        with pytest.raises(RootMissing, match="restore it"):
            call(KmsKeyVault(settings_of(kms_url, pattern)))


@pytest.mark.parametrize("with_former", [False, True], ids=["one key", "former keys"])
def test_a_key_that_others_need_is_not_destroyed(
    kms: Any, kms_url: str, key_arn: str, other_arn: str, pattern: str, with_former: bool
) -> None:
    vault = KmsKeyVault(settings_of(kms_url, pattern, other_arn) if with_former else settings_of(kms_url, key_arn))
    vault.create_root(TENANT)
    with pytest.raises(Refused) as refused:
        vault.destroy(TENANT)
    assert refused.value.code == "key_shared"
    assert vault.unwrap(TENANT, vault.wrap(TENANT, KEY, CONTEXT), CONTEXT) == KEY


@pytest.mark.parametrize(
    "key_id", ["{tenant}", "alias/{tenant}-{tenant}", "alias/aws/{tenant}", "arn:aws:kms:eu-west-1:1:key/{tenant}"]
)
def test_a_key_per_tenant_needs_an_alias(kms_url: str, key_id: str) -> None:
    with pytest.raises(Refused) as refused:
        KmsKeyVault(settings_of(kms_url, key_id))
    assert refused.value.code == "invalid_setting"


def test_one_key_of_all_is_changed_for_a_key_of_each_tenant(
    kms_url: str, key_arn: str, pattern: str, tmp_path: Path
) -> None:
    with closing(embedded(Settings(data=tmp_path))) as system:

        def ring(vault: KmsKeyVault) -> KeyRing:
            return KeyRing(system.control, vault, system.clock, system.random)

        key = ring(KmsKeyVault(settings_of(kms_url, key_arn))).current(TENANT, Purpose.FILE)
        assert ring(KmsKeyVault(settings_of(kms_url, pattern, key_arn))).wrap_again(TENANT) == 1
        vault = KmsKeyVault(settings_of(kms_url, pattern))
        assert ring(vault).current(TENANT, Purpose.FILE) == key
        vault.destroy(TENANT)  # which needs a key of its own


def test_a_key_of_one_tenant_that_may_not_be_used_is_waited_for(proxy: SpoilingProxy, pattern: str) -> None:
    vault = KmsKeyVault(settings_of(proxy.url, pattern))
    vault.create_root(TENANT)
    wrapped = vault.wrap(TENANT, KEY, CONTEXT)
    denied: Any = saying("AccessDeniedException")
    proxy.spoil = lambda asked, answer: (
        denied(asked, answer) if asked.headers["x-amz-target"].endswith("Decrypt") else answer
    )
    with pytest.raises(RootMissing, match="allow kms:Decrypt"):
        vault.unwrap(TENANT, wrapped, CONTEXT)
