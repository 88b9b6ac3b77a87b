"""The key vault: holds the key-encryption key, and never gives it out.

Errors: `Unavailable` (the key service is away, or lacks the key: wait), `KeyRevoked` (this key is gone for good),
`Corrupt` (the wrapped key was changed, or belongs to another context).
"""

from __future__ import annotations

from typing import Protocol


class KeyVault(Protocol):
    def wrap(self, key: bytes, context: bytes) -> bytes:
        """`key` (32 bytes) encrypted under the present key-encryption key and bound to `context`."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. `context` must be the one that it was wrapped with."""
        ...
