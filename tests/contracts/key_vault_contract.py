"""What every key vault must do, whichever adapter it is. A subclass gives the fixture `connect`."""

import secrets
from collections.abc import Callable

import pytest

from penstock.domain.errors import Corrupt, KeyRevoked, Unavailable
from penstock.ports.key_vault import KeyVault

Connect = Callable[[], KeyVault]

TENANT, OTHER = "acme", "globex"
CONTEXT = b"general/1"
NO_KEY = (Corrupt, KeyRevoked, Unavailable)  # the second and third where the name of the root was changed


class KeyVaultContract:
    @pytest.fixture
    def connect(self) -> Connect:
        """Opens one more handle on the same roots."""
        raise NotImplementedError

    @pytest.fixture
    def vault(self, connect: Connect) -> KeyVault:
        """With a root for two tenants."""
        vault = connect()
        vault.create_root(TENANT)
        vault.create_root(OTHER)
        return vault

    @pytest.fixture
    def key(self) -> bytes:
        return secrets.token_bytes(32)

    @pytest.mark.parametrize("context", [b"", CONTEXT, bytes(range(256))], ids=["empty", "usual", "binary"])
    def test_a_wrapped_key_unwraps(self, vault: KeyVault, connect: Connect, key: bytes, context: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, context)
        assert vault.unwrap(TENANT, wrapped, context) == key
        assert connect().unwrap(TENANT, wrapped, context) == key

    def test_wrapping_hides_the_key_and_never_repeats(self, vault: KeyVault, key: bytes) -> None:
        first, second = vault.wrap(TENANT, key, CONTEXT), vault.wrap(TENANT, key, CONTEXT)
        assert first != second
        assert key[:8] not in first

    @pytest.mark.parametrize("context", [b"", b"general/2", CONTEXT + b"\0"], ids=["none", "another", "longer"])
    def test_another_context_does_not_open(self, vault: KeyVault, key: bytes, context: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        with pytest.raises(Corrupt):
            vault.unwrap(TENANT, wrapped, context)

    def test_another_tenant_does_not_open(self, vault: KeyVault, connect: Connect, key: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        for each in (vault, connect()):
            with pytest.raises(Corrupt):
                each.unwrap(OTHER, wrapped, CONTEXT)

    def test_no_changed_byte_opens(self, vault: KeyVault, key: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        for at in range(len(wrapped)):
            changed = bytearray(wrapped)
            changed[at] ^= 1
            with pytest.raises(NO_KEY):
                vault.unwrap(TENANT, bytes(changed), CONTEXT)

    def test_nothing_shorter_or_longer_opens(self, vault: KeyVault, key: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        for changed in [wrapped[:length] for length in range(len(wrapped))] + [wrapped + b"\0"]:
            with pytest.raises(NO_KEY):
                vault.unwrap(TENANT, changed, CONTEXT)

    def test_a_root_is_made_once(self, vault: KeyVault, connect: Connect, key: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        connect().create_root(TENANT)
        vault.create_root(TENANT)
        assert connect().unwrap(TENANT, wrapped, CONTEXT) == key
        assert vault.unwrap(TENANT, connect().wrap(TENANT, key, CONTEXT), CONTEXT) == key


class TenantRootsContract(KeyVaultContract):
    """Of a vault in which each tenant has a root of its own."""

    def test_a_missing_root_is_waited_for(self, vault: KeyVault, connect: Connect, key: bytes) -> None:
        wrapped = vault.wrap(TENANT, key, CONTEXT)
        with pytest.raises(Unavailable, match="nobody"):
            vault.wrap("nobody", key, CONTEXT)
        with pytest.raises((Unavailable, Corrupt)):
            vault.unwrap("nobody", wrapped, CONTEXT)
        connect().create_root("nobody")
        assert vault.unwrap("nobody", vault.wrap("nobody", key, CONTEXT), CONTEXT) == key

    def test_a_destroyed_root_opens_nothing(self, vault: KeyVault, connect: Connect, key: bytes) -> None:
        running = connect()
        wrapped, others = running.wrap(TENANT, key, CONTEXT), running.wrap(OTHER, key, CONTEXT)
        vault.destroy(TENANT)
        for each in (vault, running, connect()):
            with pytest.raises(KeyRevoked, match=TENANT):
                each.unwrap(TENANT, wrapped, CONTEXT)
            with pytest.raises(KeyRevoked, match=TENANT):
                each.wrap(TENANT, key, CONTEXT)
            assert each.unwrap(OTHER, others, CONTEXT) == key

    def test_a_destroyed_root_is_never_made_again(self, vault: KeyVault, connect: Connect, key: bytes) -> None:
        vault.destroy(TENANT)
        vault.destroy(TENANT)
        for each in (vault, connect()):
            with pytest.raises(KeyRevoked, match=TENANT):
                each.create_root(TENANT)
        with pytest.raises(KeyRevoked):
            connect().wrap(TENANT, key, CONTEXT)
