"""What every key vault must do, whichever adapter it is. A subclass gives the fixture `connect`."""

import secrets
from collections.abc import Callable

import pytest

from penstock.domain.errors import Corrupt, KeyRevoked, Unavailable
from penstock.ports.key_vault import KeyVault

Connect = Callable[[], KeyVault]

CONTEXT = b"tenant/general/1"
NO_KEY = (Corrupt, KeyRevoked, Unavailable)  # the second and third where the name of the key was changed


class KeyVaultContract:
    @pytest.fixture
    def connect(self) -> Connect:
        """Opens one more handle on the same key-encryption keys."""
        raise NotImplementedError

    @pytest.fixture
    def vault(self, connect: Connect) -> KeyVault:
        return connect()

    @pytest.fixture
    def key(self) -> bytes:
        return secrets.token_bytes(32)

    @pytest.mark.parametrize("context", [b"", CONTEXT, bytes(range(256))], ids=["empty", "usual", "binary"])
    def test_a_wrapped_key_unwraps(self, vault: KeyVault, connect: Connect, key: bytes, context: bytes) -> None:
        wrapped = vault.wrap(key, context)
        assert vault.unwrap(wrapped, context) == key
        assert connect().unwrap(wrapped, context) == key

    def test_wrapping_hides_the_key_and_never_repeats(self, vault: KeyVault, key: bytes) -> None:
        first, second = vault.wrap(key, CONTEXT), vault.wrap(key, CONTEXT)
        assert first != second
        assert key[:8] not in first

    @pytest.mark.parametrize("context", [b"", b"tenant/general/2", CONTEXT + b"\0"], ids=["none", "another", "longer"])
    def test_another_context_does_not_open(self, vault: KeyVault, key: bytes, context: bytes) -> None:
        wrapped = vault.wrap(key, CONTEXT)
        with pytest.raises(Corrupt):
            vault.unwrap(wrapped, context)

    def test_no_changed_byte_opens(self, vault: KeyVault, key: bytes) -> None:
        wrapped = vault.wrap(key, CONTEXT)
        for at in range(len(wrapped)):
            changed = bytearray(wrapped)
            changed[at] ^= 1
            with pytest.raises(NO_KEY):
                vault.unwrap(bytes(changed), CONTEXT)

    def test_nothing_shorter_or_longer_opens(self, vault: KeyVault, key: bytes) -> None:
        wrapped = vault.wrap(key, CONTEXT)
        for changed in [wrapped[:length] for length in range(len(wrapped))] + [wrapped + b"\0"]:
            with pytest.raises(NO_KEY):
                vault.unwrap(changed, CONTEXT)
