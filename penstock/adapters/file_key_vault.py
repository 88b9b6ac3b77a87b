"""The key vault in a [key file](key_file.py).

It is read for each call: another process may have added a root, and a destroyed one must not stay in memory. A missing
root is `Unavailable` until an operator restores it; no upload is refused because of it. A wrapped key is

    format (1 byte = 1) ‖ root id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext (32) ‖ tag (16)

with format, root id, tenant and context as associated data. It uses GCM, because RFC 3394 key wrap cannot bind a
context; random nonces are safe, since a root wraps a few keys, not 2^32.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.adapters.key_file import (
    FIND_FOLDER,
    ID_BYTES,
    KEY_BYTES,
    KeyFile,
    Root,
    change_key_file,
    create_key_file_without_roots,
    read_key_file,
    with_root,
    with_tombstone,
)
from penstock.domain.errors import Corrupt, Refused, Unavailable
from penstock.domain.framing import framed
from penstock.ports.key_vault import KEY_FILE, KeyVault, RootMissing

FORMAT = b"\x01"
NONCE_BYTES = 12
HEAD_BYTES = len(FORMAT) + ID_BYTES


class FileKeyVault(KeyVault):
    def __init__(self, path: Path, *, create: bool, when_missing: str = FIND_FOLDER) -> None:
        """The roots in the file at `path`; with `create`, a missing file is created, without roots.

        Without `create`, a missing file is refused (`key_file_missing`, with the hint `when_missing`), because new
        roots would not open existing data.
        Also raises `Refused`: `key_file_permissions` (others can read it), `key_file_invalid`; and `Unavailable`.
        """
        self._path, self._when_missing = path, when_missing
        if create and not path.exists():
            create_key_file_without_roots(path)
        self.authority = read_key_file(path, when_missing).authority

    def create_root(self, tenant_id: str) -> None:
        if self._roots(tenant_id):
            return
        hint = (
            f"run `penstock key-file add-tenant {tenant_id} PATH` with the path of the original of this file, then give"
            " the services the new one: on Kubernetes, the secret penstock-keys"
        )
        change_key_file(self._path, self._when_missing, lambda file: with_root(file, tenant_id), hint)

    def wrap(self, tenant_id: str, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        roots = self._roots(tenant_id)
        if not roots:
            raise self._missing(f"root of tenant {tenant_id}")
        head, nonce = FORMAT + bytes.fromhex(roots[0].id), secrets.token_bytes(NONCE_BYTES)
        return head + nonce + AESGCM(roots[0].key).encrypt(nonce, key, _associated(head, tenant_id, context))

    def unwrap(self, tenant_id: str, wrapped: bytes, context: bytes) -> bytes:
        head, nonce, sealed = (
            wrapped[:HEAD_BYTES],
            wrapped[HEAD_BYTES:][:NONCE_BYTES],
            wrapped[HEAD_BYTES + NONCE_BYTES :],
        )
        if head[:1] != FORMAT or len(nonce) != NONCE_BYTES:
            raise Corrupt("a wrapped key is not in a format that this version knows")
        root = self._root(tenant_id, head[1:].hex())
        try:
            return AESGCM(root.key).decrypt(nonce, sealed, _associated(head, tenant_id, context))
        except InvalidTag as error:
            raise _not_of(tenant_id) from error

    def destroy(self, tenant_id: str) -> None:
        hint = (
            "run it where the original of this file is, with PENSTOCK_KEY_FILE set to its path, then give the services"
            " the new one: on Kubernetes, the secret penstock-keys"
        )
        now = datetime.now(UTC).replace(microsecond=0)
        change_key_file(self._path, self._when_missing, lambda file: with_tombstone(file, tenant_id, now), hint)

    def _root(self, tenant_id: str, root_id: str) -> Root:
        file = self._read()
        for root in file.roots_of(tenant_id):
            if root.id == root_id:
                return root
        if any(each.id == root_id for each in file.roots):
            raise _not_of(tenant_id)
        raise self._missing(f"root {root_id} of tenant {tenant_id}")

    def _roots(self, tenant_id: str) -> list[Root]:
        return self._read().roots_of(tenant_id)

    def _read(self) -> KeyFile:
        try:
            return read_key_file(self._path, self._when_missing)
        except Refused as error:
            raise Unavailable(str(error), dependency=KEY_FILE) from error

    def _missing(self, what: str) -> RootMissing:
        return RootMissing(
            f"the key file {self._path} has no {what}: PENSTOCK_KEY_FILE may differ from that of other services; use"
            " the same file, or restore the root from its backup",
            dependency=KEY_FILE,
        )


def _associated(head: bytes, tenant_id: str, context: bytes) -> bytes:
    return framed(head, tenant_id.encode(), context)


def _not_of(tenant_id: str) -> Corrupt:
    return Corrupt(
        f"a wrapped key of tenant {tenant_id} does not open: it was changed, or belongs to another tenant or context"
    )
