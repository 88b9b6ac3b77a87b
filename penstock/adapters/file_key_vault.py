"""The key vault in a file: key-encryption keys that only their owner may read.

The file is JSON: `{"keys": [{"id": "16 hex digits", "key": "32 bytes in base64"}, …]}`. The first key wraps, all of
them unwrap: to rotate, put a new key in front. A key that it lacks is the operator's to bring back, so it is waited
for: never is a file refused for it. It may be a secret that Kubernetes mounts: a link to a file of root's
that the pod's fsGroup may read, and which is replaced as a whole when the secret changes. A wrapped key is

    format (1 byte = 1) ‖ key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext (32) ‖ tag (16)

with format, key id and context as associated data. GCM rather than RFC 3394 key wrap, because that binds no context;
random nonces are safe here, since a vault wraps some hundreds of keys, not 2^32.
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
FIND_FOLDER = "restore it from its backup, or point PENSTOCK_DATA at the folder that has it"
FIND_FILE = (
    "restore it from its backup, or name it in PENSTOCK_KEY_FILE; a new installation makes its own with"
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
        """The keys in the file at `path`; with `create` a missing file is made, with one new key.

        Without it, a missing file is refused with `key_file_missing`, and `when_missing` as the hint: where data
        exists, a new key would not open it.
        Also refused: `key_file_permissions` (others can read it), `key_file_invalid`. Raises `Unavailable`.
        """
        self._path, self._when_missing = path, when_missing
        if create and not path.exists():
            _create(path)
        self._load()

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key to wrap is {KEY_BYTES} bytes long")
        head = FORMAT + self._present
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + self._keys[self._present].encrypt(nonce, key, framed(head, context))

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
                f"the key {key_id.hex()} is not in {self._path}: PENSTOCK_KEY_FILE is perhaps another file than the"
                " other services have; name theirs, or restore the key from its backup",
                dependency=KEY_FILE,
            ) from None

    def _reload(self) -> None:
        """Read the file again, since another process may have wrapped with a key that was added meanwhile."""
        try:
            self._load()
        except Refused as error:
            raise Unavailable(str(error), dependency=KEY_FILE) from error

    def _load(self) -> None:
        keys = _read(self._path, self._when_missing)
        self._keys = {bytes.fromhex(each.id): AESGCM(each.key) for each in keys}
        self._present = bytes.fromhex(keys[0].id)


def create_key_file(path: Path) -> None:
    """Make a key file with one new key. Refused: `key_file_exists`. Raises `Unavailable`."""
    if path.exists() or not _create(path):
        raise refusal(
            "key_file_exists",
            f"there is a file at {path} already, and it is left as it is: a new key would not open existing data",
            "name another path, or use that file",
        )


def _create(path: Path) -> bool:
    """A key file with one new key; it appears whole, and never in place of another: then it returns False."""
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
                return False  # another process was faster: its key counts
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
                    f"others than its owner can use the key file {path}",
                    f"chmod 600 {path}; where it is a mounted secret, mount it with defaultMode 0400",
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
    """The permissions that a key file must not give, to a process of `user`.

    One of root's that a mount gives to an ordinary user can only be read through its group, which is that user's own.
    """
    return 0o037 if owner == ROOT != user else 0o077


def _parsed(content: bytes) -> list[_Key]:
    """The keys; none when the content is not as it must be."""
    try:
        keys = msgspec.json.decode(content, type=_KeyFile).keys
        sound = all(len(bytes.fromhex(each.id)) == ID_BYTES and len(each.key) == KEY_BYTES for each in keys)
    except ValueError:
        return []
    return keys if sound else []


def _refuse_missing(path: Path, hint: str) -> NoReturn:
    message = f"the key file {path} is missing, and without it nothing that was stored opens"
    raise refusal("key_file_missing", message, hint)
