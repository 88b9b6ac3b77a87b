"""The key vault: holds the key-encryption key and never reveals it.

Errors: `Unavailable` (the key service is unavailable or lacks the key: wait), `KeyRevoked` (the key was destroyed),
`Corrupt` (the wrapped key was changed, or belongs to another context).
"""

from __future__ import annotations

from typing import Protocol

KEY_FILE = "key_file"  # the name of the dependency on a file with keys


class KeyVault(Protocol):
    def wrap(self, key: bytes, context: bytes) -> bytes:
        """`key` (32 bytes) encrypted with the current key-encryption key and bound to `context`."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The inverse of `wrap`; `context` must be the same."""
        ...
