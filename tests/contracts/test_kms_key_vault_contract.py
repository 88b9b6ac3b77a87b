"""KMS keeps the contract of a key vault, over HTTP; each of its errors means what a caller must do about it.

The KMS is moto's. What moto does not do (a disabled key, throttling), a proxy before it says as AWS documents it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import msgspec
import pytest
from key_vault_contract import CONTEXT, Connect, KeyVaultContract
from moto.server import ThreadedMotoServer

from penstock.adapters.cluster import kms_key_vault
from penstock.adapters.cluster.kms_key_vault import KmsKeyVault, KmsSettings
from penstock.domain.errors import Corrupt, KeyRevoked, Refused, Unavailable
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


class TestKmsKeyVault(KeyVaultContract):
    @pytest.fixture
    def connect(self, kms_url: str, key_arn: str) -> Connect:
        return partial(KmsKeyVault, settings_of(kms_url, key_arn))


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
    wrapped = vault.wrap(KEY, CONTEXT)
    proxy.spoil = saying(code, status)
    with pytest.raises(meaning) as raised:
        vault.unwrap(wrapped, CONTEXT)
    assert type(raised.value) is meaning
    assert "tenant-of-a-customer" not in str(raised.value)
    if "Denied" in code:
        assert "check the credentials" in str(raised.value)


def test_a_passing_fault_is_not_noticed(vault: KmsKeyVault, proxy: SpoilingProxy) -> None:
    wrapped = vault.wrap(KEY, CONTEXT)
    calls = len(proxy.asked)

    def only_the_first(asked: Asked, answer: Answer) -> Answer:
        first: Answer = saying("ThrottlingException")(asked, answer)
        return first if len(proxy.asked) == calls + 1 else answer

    proxy.spoil = only_the_first
    assert vault.unwrap(wrapped, CONTEXT) == KEY
    assert len(proxy.asked) == calls + 2


def test_a_service_that_is_away_is_waited_for(kms_url: str, key_arn: str) -> None:
    with SpoilingProxy(kms_url) as proxy:
        vault = KmsKeyVault(settings_of(proxy.url, key_arn))
    for call in (lambda: vault.wrap(KEY, CONTEXT), lambda: KmsKeyVault(settings_of(proxy.url, key_arn))):
        with pytest.raises(Unavailable, match="cannot be reached"):
            call()


@pytest.mark.parametrize("key_id", ["alias/none", "6a7e2ca5-0000-0000-0000-000000000000"])
def test_a_key_that_does_not_exist_is_refused_at_start(kms_url: str, key_id: str) -> None:
    with pytest.raises(Refused, match=key_id) as refused:
        KmsKeyVault(settings_of(kms_url, key_id))
    assert refused.value.code == "key_unusable"


def test_rotation_wraps_with_the_new_key_and_opens_with_the_former(kms_url: str, key_arn: str, other_arn: str) -> None:
    old = KmsKeyVault(settings_of(kms_url, key_arn)).wrap(KEY, CONTEXT)
    rotated = KmsKeyVault(settings_of(kms_url, other_arn, key_arn))
    new = rotated.wrap(KEY, CONTEXT)
    assert rotated.unwrap(old, CONTEXT) == rotated.unwrap(new, CONTEXT) == KEY
    with pytest.raises(KeyRevoked, match=key_arn):
        KmsKeyVault(settings_of(kms_url, other_arn)).unwrap(old, CONTEXT)


def test_an_alias_that_names_another_key_meanwhile_is_followed(
    kms: Any, kms_url: str, key_arn: str, other_arn: str
) -> None:
    alias = f"alias/{secrets.token_hex(8)}"
    kms.create_alias(AliasName=alias, TargetKeyId=key_arn)
    running = KmsKeyVault(settings_of(kms_url, alias))
    old = running.wrap(KEY, CONTEXT)
    kms.update_alias(AliasName=alias, TargetKeyId=other_arn)
    new = KmsKeyVault(settings_of(kms_url, alias)).wrap(KEY, CONTEXT)
    assert running.unwrap(new, CONTEXT) == running.unwrap(old, CONTEXT) == KEY


def test_a_key_that_an_unknown_kms_key_has_wrapped_is_not_taken(kms_url: str, key_arn: str, other_arn: str) -> None:
    external = KmsKeyVault(settings_of(kms_url, other_arn)).wrap(KEY, CONTEXT)
    with pytest.raises(KeyRevoked):
        KmsKeyVault(settings_of(kms_url, key_arn)).unwrap(external, CONTEXT)


@pytest.mark.parametrize("body", [b"", b"\x93\xa1a\xc4\x01b\x01", msgspec.msgpack.encode("text")], ids=len)
def test_a_file_of_an_unknown_version_is_corrupt(vault: KmsKeyVault, proxy: SpoilingProxy, body: bytes) -> None:
    calls = len(proxy.asked)
    with pytest.raises(Corrupt):
        vault.unwrap(kms_key_vault.FORMAT + kms_key_vault._digest(body) + body, CONTEXT)
    assert len(proxy.asked) == calls


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_only_keys_of_32_bytes_are_wrapped(vault: KmsKeyVault, length: int) -> None:
    with pytest.raises(ValueError):
        vault.wrap(bytes(length), CONTEXT)


def test_no_repr_shows_the_credentials(kms_url: str) -> None:
    settings = KmsSettings(key_id="k", endpoint_url=kms_url, access_key="access-1", secret_key="secret-1")
    assert "access-1" not in repr(settings)
    assert "secret-1" not in repr(settings)
