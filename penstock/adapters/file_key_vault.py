"""The key vault in a file: key-encryption keys that only their owner may read.

The file is JSON: `{"keys": [{"id": "16 hex digits", "key": "32 bytes in base64"}, …]}`. The first key wraps, all of
them unwrap: to rotate, put a new key first. A missing key is `Unavailable` until an operator restores it; no upload is
refused because of it. The file may be a mounted Kubernetes secret: a link to a file of root that the pod's fsGroup may
read, and that is replaced as a whole when the secret changes. A wrapped key is

    format (1 byte = 1) ‖ key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext (32) ‖ tag (16)

with format, key id and context as associated data. It uses GCM, because RFC 3394 key wrap cannot bind a context; random
nonces are safe, since a vault wraps hundreds of keys, not 2^32.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import NoReturn

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.adapters.embedded import disk
from penstock.domain.errors import Corrupt, Refused, Unavailable, refusal
from penstock.domain.framing import framed
from penstock.ports.key_vault import KeyVault

KEY_FILE = "key_file"  # the dependency's name
FORMAT = b"\x01"
ID_BYTES = 8
NONCE_BYTES = 12
KEY_BYTES = 32
HEAD_BYTES = len(FORMAT) + ID_BYTES
ROOT = 0
FIND_FOLDER = "restore it from its backup, or set PENSTOCK_DATA to the folder that contains it"
FIND_FILE = (
    "restore it from its backup, or set PENSTOCK_KEY_FILE to its path; for a new installation, create one with"
    " `penstock key-file create`"
)


class _Key(msgspec.Struct, frozen=True):
    id: str
    key: bytes  # base64 in the file

    def __repr__(self) -> str:
        return f"_Key(id={self.id!r})"


class _KeyFile(msgspec.Struct, frozen=True):
    keys: list[_Key]


class FileKeyVault(KeyVault):
    def __init__(self, path: Path, *, create: bool, when_missing: str = FIND_FOLDER) -> None:
        """The keys in the file at `path`; with `create`, a missing file is created with one new key.

        Without `create`, a missing file is refused (`key_file_missing`, with the hint `when_missing`), because a new
        key would not open existing data.
        Also raises `Refused`: `key_file_permissions` (others can read it), `key_file_invalid`; and `Unavailable`.
        """
        self._path, self._when_missing = path, when_missing
        if create and not path.exists():
            _create(path)
        self._load()

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        head = FORMAT + self._current
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + self._keys[self._current].encrypt(nonce, key, framed(head, context))

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        head, nonce, sealed = (
            wrapped[:HEAD_BYTES],
            wrapped[HEAD_BYTES:][:NONCE_BYTES],
            wrapped[HEAD_BYTES + NONCE_BYTES :],
        )
        if head[:1] != FORMAT or len(nonce) != NONCE_BYTES:
            raise Corrupt("a wrapped key is not in a format that this version knows")
        try:
            return self._key(head[1:]).decrypt(nonce, sealed, framed(head, context))
        except InvalidTag as error:
            raise Corrupt("a wrapped key does not open: it was changed, or belongs to another context") from error

    def _key(self, key_id: bytes) -> AESGCM:
        if key_id not in self._keys:
            self._reload()
        try:
            return self._keys[key_id]
        except KeyError:
            raise Unavailable(
                f"the key {key_id.hex()} is not in {self._path}: PENSTOCK_KEY_FILE may differ from that of"
                " other services; use the same file, or restore the key from its backup",
                dependency=KEY_FILE,
            ) from None

    def _reload(self) -> None:
        """Read the file again, since another process may have wrapped with a new key."""
        try:
            self._load()
        except Refused as error:
            raise Unavailable(str(error), dependency=KEY_FILE) from error

    def _load(self) -> None:
        keys = _read(self._path, self._when_missing)
        self._keys = {bytes.fromhex(each.id): AESGCM(each.key) for each in keys}
        self._current = bytes.fromhex(keys[0].id)


def create_key_file(path: Path) -> None:
    """Create a key file with one new key. Raises `Refused` (`key_file_exists`), `Unavailable`."""
    if path.exists() or not _create(path):
        raise refusal(
            "key_file_exists",
            f"the file {path} already exists and was not changed: a new key would not open existing data",
            "choose another path, or use the existing file",
        )


def _create(path: Path) -> bool:
    """Create a key file with one new key, atomically; returns False, and changes nothing, when a file exists."""
    content = msgspec.json.encode(_KeyFile([_Key(secrets.token_hex(ID_BYTES), secrets.token_bytes(KEY_BYTES))]))
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with disk.errors(path):
        disk.make_private_folder(path.parent)
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, disk.PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            try:
                os.link(draft, path)
            except FileExistsError:
                return False  # another process created it first
            disk.sync_folder(path.parent)
            return True
        finally:
            draft.unlink(missing_ok=True)


def _read(path: Path, when_missing: str) -> list[_Key]:
    with disk.errors(path):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            _refuse_missing(path, when_missing)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_mode & forbidden_mode(status.st_uid, os.geteuid()):
                raise refusal(
                    "key_file_permissions",
                    f"users other than its owner can access the key file {path}",
                    f"chmod 600 {path}; for a mounted secret, use defaultMode 0400",
                )
            content = file.read()
    keys = _parsed(content)
    if not keys:
        raise refusal(
            "key_file_invalid",
            f"{path} is not a key file: it must be JSON with at least one key, each with an id of 16 hex digits"
            " and 32 bytes in base64",
            "restore it from its backup; a new file would not open existing data",
        )
    return keys


def forbidden_mode(owner: int, user: int) -> int:
    """The mode bits that a key file must not have, for a process of `user`.

    A mounted file of root can be read by an ordinary user only through its group, which is that user's own.
    """
    return 0o037 if owner == ROOT != user else 0o077


def _parsed(content: bytes) -> list[_Key]:
    """The keys; an empty list when the content is invalid."""
    try:
        keys = msgspec.json.decode(content, type=_KeyFile).keys
        is_valid = all(len(bytes.fromhex(each.id)) == ID_BYTES and len(each.key) == KEY_BYTES for each in keys)
    except ValueError:
        return []
    return keys if is_valid else []


def _refuse_missing(path: Path, hint: str) -> NoReturn:
    message = f"the key file {path} is missing, and stored data cannot be opened without it"
    raise refusal("key_file_missing", message, hint)
