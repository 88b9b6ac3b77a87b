"""The key vault in a file: key-encryption keys that only their owner may read.

The file is JSON: `{"keys": [{"id": "16 hex digits", "key": "32 bytes in base64"}, …], "authority": "32 bytes in
base64"}`. The first key wraps, all of them unwrap: to rotate, put a new key first. A missing key is `Unavailable` until
an operator restores it; no upload is refused because of it. The authority key authenticates records, and stays. A
wrapped key is

    format (1 byte = 1) ‖ key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext (32) ‖ tag (16)

with format, key id and context as associated data. It uses GCM, because RFC 3394 key wrap cannot bind a context; random
nonces are safe, since a vault wraps hundreds of keys, not 2^32.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.adapters.authority_file import AUTHORITY_BYTES, key_file_exists
from penstock.adapters.private_file import create_private, read_private
from penstock.domain.errors import Corrupt, Refused, Unavailable, refusal
from penstock.domain.framing import framed
from penstock.ports.key_vault import KEY_FILE, KeyVault

FORMAT = b"\x01"
ID_BYTES = 8
NONCE_BYTES = 12
KEY_BYTES = 32
HEAD_BYTES = len(FORMAT) + ID_BYTES
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
    authority: bytes  # base64 in the file

    def __repr__(self) -> str:
        return f"_KeyFile(keys={self.keys!r})"


class FileKeyVault(KeyVault):
    def __init__(self, path: Path, *, create: bool, when_missing: str = FIND_FOLDER) -> None:
        """The keys in the file at `path`; with `create`, a missing file is created with one new key.

        Without `create`, a missing file is refused (`key_file_missing`, with the hint `when_missing`), because a new
        key would not open existing data.
        Also raises `Refused`: `key_file_permissions` (others can read it), `key_file_invalid`; and `Unavailable`.
        """
        self._path, self._when_missing = path, when_missing
        if create and not path.exists():
            create_private(path, _new_file())
        self.authority = self._load()

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

    def _load(self) -> bytes:
        """Load the keys; returns the authority key."""
        file = _read(self._path, self._when_missing)
        self._keys = {bytes.fromhex(each.id): AESGCM(each.key) for each in file.keys}
        self._current = bytes.fromhex(file.keys[0].id)
        return file.authority


def create_key_file(path: Path) -> None:
    """Create a key file with one new key. Raises `Refused` (`key_file_exists`), `Unavailable`."""
    if path.exists() or not create_private(path, _new_file()):
        raise key_file_exists(path)


def _new_file() -> bytes:
    key = _Key(secrets.token_hex(ID_BYTES), secrets.token_bytes(KEY_BYTES))
    return msgspec.json.encode(_KeyFile([key], secrets.token_bytes(AUTHORITY_BYTES)))


def _read(path: Path, when_missing: str) -> _KeyFile:
    found = _parsed(read_private(path, when_missing))
    if found is None:
        raise refusal(
            "key_file_invalid",
            f"{path} is not a key file: it must be JSON with at least one key, each with an id of 16 hex digits"
            " and 32 bytes in base64, and an authority key of 32 bytes",
            "restore it from its backup; a new file would not open existing data",
        )
    return found


def _parsed(content: bytes) -> _KeyFile | None:
    """The file; None when the content is invalid."""
    try:
        found = msgspec.json.decode(content, type=_KeyFile)
        is_valid = all(len(bytes.fromhex(each.id)) == ID_BYTES and len(each.key) == KEY_BYTES for each in found.keys)
    except ValueError:
        return None
    return found if is_valid and found.keys and len(found.authority) == AUTHORITY_BYTES else None
